/** What is in a queue and in its dead-letter queue; everything that is shown stays there, unless it is purged. */
import { AppError } from '../../lib/errors/app-error.js';
import type { DeadLetter } from '../../puller/controls/fleet-controls.js';
import { partsOf } from '../../puller/delivery.js';
import type { AdminQueue, QueueDepth, SeenMessage } from '../../queue/queue.js';

/** The age is that of the oldest message; missing where there is none, or the queue does not tell. */
export type QueueFill = QueueDepth & { url: string; oldestAgeMs?: number | undefined };
/** No dead letters: there is no queue for them. */
export type QueueStatus = QueueFill & { deadLetters?: QueueFill };

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
  return { url: queue.name, ...depth, oldestAgeMs };
}

/** Messages received at a time, as SQS allows. */
const AT_A_TIME = 10;
/** Amazon SQS asks all of its servers only when a receiver waits. */
const WAIT_SECONDS = 1;

/**
 * At most `limit` messages, a few at a time, each once; releases in the end all but those that the caller has `deleted`.
 * `hideSeconds`: for how long others don't get them at most: where this is killed, they come back after it.
 */
export async function* lookThrough(
  queue: AdminQueue,
  { limit, hideSeconds, deleted = new Set() }: { limit: number; hideSeconds: number; deleted?: ReadonlySet<string> },
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
    await queue.release([...seen].flatMap(([id, receipt]) => (deleted.has(id) ? [] : [receipt])));
  }
}

async function allOf(found: AsyncIterable<SeenMessage[]>): Promise<SeenMessage[]> {
  const all: SeenMessage[] = [];
  for await (const messages of found) all.push(...messages);
  return all;
}

/** For the consumers of the queue, peeked messages are late by this time at most. */
const PEEK_SECONDS = 5;

/** `limit`: of messages of the queue. A packed one is shown as its readings; `packed`: how many it has. */
export async function peekQueue(queue: AdminQueue, limit: number) {
  const seen = await allOf(lookThrough(queue, { limit, hideSeconds: PEEK_SECONDS }));
  const messages = seen.flatMap((message) => {
    const parts = partsOf(message);
    const isPacked = parts[0] !== message;
    return parts.map(({ id, sentAt, receiveCount, attributes, body }) => {
      return { id, sentAt, receiveCount, attributes, body, ...(isPacked ? { packed: parts.length } : {}) };
    });
  });
  return { url: queue.name, messages };
}
export type Peeked = Awaited<ReturnType<typeof peekQueue>>;

/** Listing takes seconds even for thousands. */
const LIST_SECONDS = 60;

/** The first `limit`, the oldest first; `url` is that of the queue itself. Rejects with `QUEUE_NO_DEAD_LETTER`. */
export async function listDeadLetters(
  queue: AdminQueue,
  limit: number,
): Promise<{ url: string; deadLetters: DeadLetter[] }> {
  const dead = await queue.deadLetters();
  const seen = await allOf(lookThrough(dead, { limit, hideSeconds: LIST_SECONDS }));
  const deadLetters = seen.map(({ id, body, sentAt, exhausted, deadLetterReason: reason }) => {
    return { id, reason, exhausted, sentAt, ...senderOf(body), body };
  });
  return { url: queue.name, deadLetters: deadLetters.sort((a, b) => a.sentAt - b.sentAt) };
}

function senderOf(body: string): Pick<DeadLetter, 'region' | 'hostname'> {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  try {
    const { region, hostname } = Object(JSON.parse(body));
    return { region: text(region), hostname: text(hostname) };
  } catch {
    return {};
  }
}

/** Deletes every message of a queue, or of its dead-letter queue, if `confirm` says so of about so many. */
export async function purgeQueue(
  queue: AdminQueue,
  { deadLetters, confirm }: { deadLetters: boolean; confirm(url: string, messages: number): Promise<boolean> },
) {
  const target = deadLetters ? await queue.deadLetters() : queue;
  const { visible, inFlight, delayed } = await target.depth();
  const messages = visible + inFlight + delayed;
  const purged = await confirm(target.name, messages);
  if (purged) await target.purge();
  return { url: target.name, messages, purged };
}
