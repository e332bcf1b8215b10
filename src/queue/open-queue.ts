/** Opens the queue that the settings name. */
import type { Settings } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import type { AdminQueue } from './admin-queue.js';
import type { Queue } from './queue.js';
import { openSqsAdminQueue } from './sqs-admin-queue.js';
import { openSqsQueue, type SqsQueueOptions } from './sqs-queue.js';

export type QueueSettings = Pick<Settings, 'queue' | 'queueEndpoint' | 'queueUnsigned' | 'awsRegion'>;

/** Rejects with `NO_QUEUE` where none is named. */
export async function openConfiguredQueue(settings: QueueSettings): Promise<Queue> {
  return openSqsQueue(queueOptions(settings));
}

/** The same for an operator. */
export async function openConfiguredAdminQueue(settings: QueueSettings): Promise<AdminQueue> {
  return openSqsAdminQueue(queueOptions(settings));
}

/** Throws `NO_QUEUE`. */
export function queueOptions({ queue, queueEndpoint, queueUnsigned, awsRegion }: QueueSettings): SqsQueueOptions {
  if (queue === undefined) {
    throw new AppError('NO_QUEUE', 'no queue is named', {
      hint: 'Use --queue (or SQS_QUEUE_URL) with the URL or name of an SQS queue. `wasm-sensors up` starts a queue of its own.',
    });
  }
  return {
    queue,
    unsigned: queueUnsigned,
    ...(awsRegion === undefined ? {} : { region: awsRegion }),
    ...(queueEndpoint === undefined ? {} : { endpoint: queueEndpoint }),
  };
}
