/** Lists the dead letters of a queue, with why they are there. */
import type { AdminQueue, SeenMessage } from '../../queue/queue.js';
import { lookThrough } from './look-through-queue.js';

export interface DeadLetter {
  id: string;
  /** As the puller gave it; missing where it did not send the message there. */
  reason?: string;
  /** The queue service moved it, because it was delivered too often and never deleted. */
  exhausted: boolean;
  /** Unix milliseconds: when the puller rejected it; where the queue service moved it, when it was sent at first. */
  sentAt: number;
  /** Of its sensor, where the body tells. */
  region?: string;
  hostname?: string;
  body: string;
}

/** Listing takes seconds even for thousands. */
const HIDE_SECONDS = 60;

export interface DeadLetterList {
  /** Of the queue itself. */
  url: string;
  deadLetters: DeadLetter[];
}

/** The first `limit`, the oldest first. Rejects with `QUEUE_NO_DEAD_LETTER`. */
export async function listDeadLetters(queue: AdminQueue, limit: number): Promise<DeadLetterList> {
  const letters: DeadLetter[] = [];
  for await (const messages of lookThrough(await queue.deadLetters(), { limit, hideSeconds: HIDE_SECONDS })) {
    letters.push(...messages.map(toDeadLetter));
  }
  return { url: queue.name, deadLetters: letters.sort((a, b) => a.sentAt - b.sentAt) };
}

function toDeadLetter({ id, body, sentAt, exhausted, deadLetterReason: reason }: SeenMessage): DeadLetter {
  const { region, hostname } = senderOf(body);
  return {
    id,
    ...(reason === undefined ? {} : { reason }),
    ...{ exhausted, sentAt },
    ...(typeof region === 'string' ? { region } : {}),
    ...(typeof hostname === 'string' ? { hostname } : {}),
    body,
  };
}

function senderOf(body: string): { region?: unknown; hostname?: unknown } {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}
