/** Deletes every message of a queue, or of its dead-letter queue. */
import type { AdminQueue } from '../../queue/queue.js';

export interface PurgeRequest {
  deadLetters: boolean;
  /** Asked before anything is deleted; `messages`: about how many there are. */
  confirm(url: string, messages: number): Promise<boolean>;
}

export interface PurgeResult {
  url: string;
  /** About how many there were. */
  messages: number;
  purged: boolean;
}

export async function purgeQueue(queue: AdminQueue, { deadLetters, confirm }: PurgeRequest): Promise<PurgeResult> {
  const target = deadLetters ? await queue.deadLetters() : queue;
  const { visible, inFlight, delayed } = await target.depth();
  const messages = visible + inFlight + delayed;
  const purged = await confirm(target.name, messages);
  if (purged) await target.purge();
  return { url: target.name, messages, purged };
}
