/**
 * Sends dead letters back to their queue. Each is sent before it is deleted: whenever this is killed, a message is in one
 * of the two queues or in both. The store recognises the second of a message that was in both.
 */
import { AppError } from '../../lib/errors/app-error.js';
import type { AdminQueue, SeenMessage } from '../../queue/queue.js';
import { REPLAY_OF_ATTRIBUTE } from '../../queue/queue.js';
import { lookThrough } from './inspect-queue.js';

type ReplayResult = { replayed: number };
type OnProgress = (replayed: number) => void;

/** Replaying 10 messages takes far less than a second; finding one among many takes longer. */
const HIDE_SECONDS = 60;

/** Replays all. Rejects with `QUEUE_NO_DEAD_LETTER`. */
export async function replayAll(queue: AdminQueue, onProgress: OnProgress): Promise<ReplayResult> {
  const dead = await queue.deadLetters();
  const began = Date.now();
  const { visible, inFlight } = await dead.depth();
  const expected = visible + inFlight;
  const replayed = new Set<string>();
  /** What {@link originOf} says of them. */
  const sent = new Set<string>();
  for await (const messages of lookThrough(dead, { limit: Infinity, hideSeconds: HIDE_SECONDS, deleted: replayed })) {
    const isDone = replayed.size >= expected;
    // One that was rejected again is back already. Others may come all the time; the count is about right, and so is our clock.
    const waiting = messages.filter((one) => !isBack(one, sent) && !(isDone && one.sentAt > began));
    if (waiting.length === 0 && isDone) break;
    await moveBack(waiting, { queue, dead, replayed });
    for (const one of waiting) sent.add(originOf(one));
    if (waiting.length > 0) onProgress(replayed.size);
  }
  return { replayed: replayed.size };
}

/** The id that it had at first: each replay makes another one, and a replay of a replay keeps the first. */
const originOf = ({ id, attributes }: SeenMessage): string => attributes[REPLAY_OF_ATTRIBUTE] ?? id;

/** A packed message comes back as its parts, `<id>/<n>`. */
function isBack({ attributes }: SeenMessage, sent: ReadonlySet<string>): boolean {
  const origin = attributes[REPLAY_OF_ATTRIBUTE];
  return origin !== undefined && (sent.has(origin) || sent.has(origin.replace(/\/\d+$/, '')));
}

/** Replays those with these ids. Rejects with `NO_SUCH_DEAD_LETTER` after it has replayed those that it found. */
export async function replayOnly(queue: AdminQueue, ids: string[], onProgress: OnProgress): Promise<ReplayResult> {
  const dead = await queue.deadLetters();
  const replayed = new Set<string>();
  const wanted = new Set(ids);
  for await (const messages of lookThrough(dead, { limit: Infinity, hideSeconds: HIDE_SECONDS, deleted: replayed })) {
    const found = messages.filter(({ id }) => wanted.has(id));
    await moveBack(found, { queue, dead, replayed });
    onProgress(replayed.size);
    if (replayed.size === wanted.size) break;
  }
  const missing = [...wanted].filter((id) => !replayed.has(id));
  if (missing.length === 0) return { replayed: replayed.size };
  throw new AppError('NO_SUCH_DEAD_LETTER', `no dead letter has the id ${missing.join(', ')}`, {
    hint: '`wasm-sensors queue dead-letters` lists them. One that was replayed and rejected again has a new id.',
    details: [...replayed].map((id) => `${id} was replayed`),
  });
}

/** `replayed` gets the ids of those that are sent and deleted. */
async function moveBack(
  messages: SeenMessage[],
  { queue, dead, replayed }: { queue: AdminQueue; dead: AdminQueue; replayed: Set<string> },
): Promise<void> {
  const results = await Promise.allSettled(messages.map((message) => queue.sendBack(message)));
  const sent = messages.filter((_, i) => results[i]!.status === 'fulfilled');
  const kept = sent.length > 0 ? await dead.delete(sent.map(({ receipt }) => receipt)) : [];
  for (const message of sent) if (!kept.includes(message.receipt)) replayed.add(message.id);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
  if (kept.length === 0) return;
  throw new AppError('QUEUE_ERROR', `${kept.length} dead letters were replayed, but could not be deleted`, {
    hint: 'Replay again: the store recognises a message that comes twice.',
  });
}
