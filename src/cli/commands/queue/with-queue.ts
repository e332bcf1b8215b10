/** What the commands of an operator on a queue share. */
import type { SettingKey, Settings } from '../../../config/settings.js';
import type { AdminQueue } from '../../../queue/admin-queue.js';
import { openConfiguredAdminQueue } from '../../../queue/open-queue.js';
import { findQueue } from '../../../runtime/queue-of-up.js';

/** How to find the queue. */
export const QUEUE_SETTINGS: SettingKey[] = ['queue', 'queueEndpoint', 'queueUnsigned', 'awsRegion', 'stateDir'];

/** Works on the queue of the settings, or of the running `up`. Rejects with `NO_QUEUE` where there is neither. */
export async function withQueue<T>(settings: Settings, work: (queue: AdminQueue) => Promise<T>): Promise<T> {
  const queue = await openConfiguredAdminQueue(findQueue(settings));
  try {
    return await work(queue);
  } finally {
    queue.close();
  }
}
