/** What is in a queue and in its dead-letter queue. */
import { AppError } from '../lib/errors/app-error.js';
import type { AdminQueue } from '../queue/admin-queue.js';
import type { QueueDepth } from '../queue/queue.js';

export interface QueueStatus extends QueueDepth {
  url: string;
  /** Missing where there is no dead-letter queue. */
  deadLetters?: QueueDepth & { url: string };
}

export async function readQueueStatus(queue: AdminQueue): Promise<QueueStatus> {
  const depth = await queue.depth();
  try {
    const dead = await queue.deadLetters();
    return { url: queue.name, ...depth, deadLetters: { url: dead.name, ...(await dead.depth()) } };
  } catch (error) {
    if (error instanceof AppError && error.code === 'QUEUE_NO_DEAD_LETTER') return { url: queue.name, ...depth };
    throw error;
  }
}
