/** What is in a queue and in its dead-letter queue. */
import { AppError } from '../../lib/errors/app-error.js';
import type { AdminQueue, QueueDepth } from '../../queue/queue.js';

export interface QueueFill extends QueueDepth {
  url: string;
  /** Of the oldest message; missing where there is none, or the queue does not tell. */
  oldestAgeMs?: number;
}

export interface QueueStatus extends QueueFill {
  /** Missing where there is no dead-letter queue. */
  deadLetters?: QueueFill;
}

export async function readQueueStatus(queue: AdminQueue): Promise<QueueStatus> {
  const status = await readFill(queue);
  try {
    return { ...status, deadLetters: await readFill(await queue.deadLetters()) };
  } catch (error) {
    if (error instanceof AppError && error.code === 'QUEUE_NO_DEAD_LETTER') return status;
    throw error;
  }
}

async function readFill(queue: AdminQueue): Promise<QueueFill> {
  const [depth, oldestAgeMs] = await Promise.all([queue.depth(), queue.oldestAge()]);
  return { url: queue.name, ...depth, ...(oldestAgeMs === undefined ? {} : { oldestAgeMs }) };
}
