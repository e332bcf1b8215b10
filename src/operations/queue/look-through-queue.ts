/** Looks at the messages of a queue without taking them. */
import type { AdminQueue, SeenMessage } from '../../queue/queue.js';

/** Messages received at a time, as SQS allows. */
const AT_A_TIME = 10;
/** Amazon SQS asks all of its servers only when a receiver waits. */
const WAIT_SECONDS = 1;

export interface LookThrough {
  /** Look at no more than this many. */
  limit: number;
  /** The longest time for which others don't get the messages: where this is killed, they come back after it. */
  hideSeconds: number;
  /** Ids of messages that the caller has deleted. */
  taken?: ReadonlySet<string>;
}

/** The messages, a few at a time, each once; gives back all but the taken ones in the end. */
export async function* lookThrough(
  queue: AdminQueue,
  { limit, hideSeconds, taken = new Set() }: LookThrough,
): AsyncGenerator<SeenMessage[]> {
  /** Receipts by id. */
  const seen = new Map<string, string>();
  try {
    while (seen.size < limit) {
      const max = Math.min(AT_A_TIME, limit - seen.size);
      const messages = await queue.look({ max, hideSeconds, waitSeconds: WAIT_SECONDS });
      // One that comes again was hidden for too short: everything has been seen.
      const fresh = messages.filter(({ id }) => !seen.has(id));
      for (const { id, receipt } of messages) seen.set(id, receipt);
      if (fresh.length === 0) return;
      yield fresh;
    }
  } finally {
    await queue.release([...seen].flatMap(([id, receipt]) => (taken.has(id) ? [] : [receipt])));
  }
}
