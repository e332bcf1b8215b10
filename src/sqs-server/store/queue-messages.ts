/**
 * The messages of one queue: a window of the next ones in memory, filled from the table as it empties. Its size is bounded:
 * most of a long queue stays in the table. All times are elapsed ones.
 *
 * Many requests share one statement. New messages and deletions are written with the next commit; deliveries up to a second
 * later, so a message that is deleted by then, as nearly all are, costs no write. If the process dies before, the message is
 * delivered again sooner than its visibility timeout says, and its receipt handles stay valid.
 */
import type { QueueDepth } from '../../queue/queue.js';
import type { StoredMessage } from './message.js';
import type { Delivery, MessageTable } from './message-table.js';

/** The window takes no further message once it holds so many messages, or bodies of so many bytes. */
const WINDOW_MESSAGES = 4_000;
const WINDOW_BYTES = 16 * 1_048_576;
/** One delivery has bodies of so many characters together, but at least one: what a receiver has not read is in memory. */
const DELIVERY_LENGTH = 1_048_576;
const FETCH_MESSAGES = 500;
/** Milliseconds between two searches for messages to show again: the precision of delays and visibility timeouts. */
const RETURN_INTERVAL_MS = 20;

type Removal = keyof QueueMessages['removed'];

export class QueueMessages {
  /** Elapsed milliseconds at which the next delay or visibility timeout ends; Infinity = none is running. */
  nextDue: number;
  /** Counts since the queue was opened, of what was written. */
  readonly totals = { added: 0, delivered: 0, redelivered: 0 };
  readonly removed = { deleted: 0, expired: 0, dead_lettered: 0, damaged: 0, purged: 0 };
  /** Messages that can be received, in the order of their delivery. */
  readonly #window = new Map<number, StoredMessage>();
  #windowBytes = 0;
  /** The last message that was considered for the window, and whether others may wait behind it in the table. */
  #cursor = 0;
  #hasBacklog: boolean;
  #lastSeq: number;
  /** Messages in the table. */
  #count: number;
  #inFlightAtMost = Number.POSITIVE_INFINITY;
  #added: StoredMessage[] = [];
  readonly #removals = new Map<Removal, number[]>();
  readonly #delivered = new Map<number, Delivery>();

  /** `join` is called before every write (see `group-commit.ts`). */
  constructor(
    private readonly table: MessageTable,
    private readonly join: () => void,
  ) {
    const { count, last } = table.totals();
    this.#count = count;
    this.#hasBacklog = count > 0;
    this.#lastSeq = last ?? 0;
    this.nextDue = table.earliestDue();
  }

  /**
   * The number of the next message. It comes from the elapsed time, which never goes back, so that a restart does not
   * reuse the number of a deleted message, whose receipt handles may still be in use.
   */
  nextSeq(now: number): number {
    this.#lastSeq = Math.max(this.#lastSeq + 1, now * 1000);
    return this.#lastSeq;
  }

  /** Of messages on disk. Those whose delay or visibility timeout is over count as visible, also before they are picked. */
  countsAt(now: number): QueueDepth {
    this.#writeRemovals();
    const { inFlight, delayed } = this.table.hiddenAt(now);
    let unwritten = 0;
    for (const { due } of this.#delivered.values()) if (due !== null && due > now) unwritten++;
    return { visible: this.#count - inFlight - delayed - unwritten, inFlight: inFlight + unwritten, delayed };
  }

  /** Whether at least `limit` messages are in flight. They are counted only where it is possible. */
  hasInFlight(limit: number, now: number): boolean {
    if (this.#inFlightAtMost >= limit) this.#inFlightAtMost = this.countsAt(now).inFlight;
    return this.#inFlightAtMost >= limit;
  }

  /** Adds new messages. They can be received after the commit. */
  add(messages: StoredMessage[]): void {
    this.join();
    for (const message of messages) this.#added.push(message);
  }

  /** Up to `max` messages that can be received now, and together by one receiver. They stay where they are until delivered or removed. */
  pick(max: number, now: number): StoredMessage[] {
    this.#showReturned(now);
    if (this.#window.size < max) this.#fetchBacklog();
    const picked: StoredMessage[] = [];
    let length = 0;
    for (const message of this.#window.values()) {
      length += message.body.length;
      if (picked.length === max || (length > DELIVERY_LENGTH && picked.length > 0)) break;
      picked.push(message);
    }
    return picked;
  }

  /** Puts picked messages in flight until `due`, and counts their delivery. `received`: Unix milliseconds, for receivers. */
  deliver(messages: StoredMessage[], due: number, received: number): void {
    this.totals.delivered += messages.length;
    this.#inFlightAtMost += messages.length;
    for (const message of messages) {
      this.#hide(message.seq);
      if (message.receives > 0) this.totals.redelivered += 1;
      message.receives += 1;
      message.firstReceived ??= received;
      const { seq, receives, firstReceived } = message;
      this.#delivered.set(seq, { seq, due, receives, firstReceived });
    }
    this.nextDue = Math.min(this.nextDue, due);
  }

  /**
   * Ends the visibility timeout of a message at `due` instead; one that is visible again is hidden until then. False: there is
   * no such message, or it was never received.
   */
  reschedule(seq: number, due: number, now: number): boolean {
    const visible = this.#window.get(seq);
    if (visible && due <= now) return visible.receives > 0;
    this.join();
    this.save();
    if (!this.table.reschedule(seq, due)) return false;
    this.#hide(seq);
    this.#inFlightAtMost += 1;
    this.nextDue = Math.min(this.nextDue, due);
    return true;
  }

  /** Deletes messages in any state; those that no longer exist are skipped. */
  remove(seqs: number[], why: Removal = 'deleted'): void {
    if (seqs.length === 0) return;
    this.join();
    const removed = this.#removals.get(why) ?? [];
    this.#removals.set(why, removed);
    for (const seq of seqs) {
      this.#hide(seq);
      this.#delivered.delete(seq);
      removed.push(seq);
    }
  }

  /** Takes a damaged message that was picked out of the queue, and keeps it in the store. */
  quarantine(seq: number, reason: string): void {
    this.join();
    this.#hide(seq);
    this.table.quarantine(seq, reason);
    this.#count -= 1;
    this.removed.damaged += 1;
  }

  /** Up to `limit` messages that arrived before `time` (elapsed milliseconds), oldest first. */
  arrivedBefore(time: number, limit: number): number[] {
    this.#writeRemovals();
    return this.table.arrivedBefore(time, limit);
  }

  /** Milliseconds since the oldest message on disk arrived; undefined: there is none. */
  ageAt(now: number): number | undefined {
    const arrived = this.table.firstArrival();
    return arrived === undefined ? undefined : Math.max(0, Math.round(now - arrived));
  }

  clear(): void {
    this.join();
    this.#writeRemovals();
    this.table.clear();
    this.removed.purged += this.#count;
    this.#count = 0;
    this.#added = [];
    this.#delivered.clear();
    this.#window.clear();
    this.#windowBytes = 0;
    this.nextDue = Number.POSITIVE_INFINITY;
  }

  /** Call it inside every transaction, before its commit. */
  beforeCommit(): void {
    this.#writeRemovals();
    this.table.insert(this.#added);
  }

  /** Call it after every commit: only messages on disk can be received. */
  afterCommit(): void {
    this.#count += this.#added.length;
    this.totals.added += this.#added.length;
    for (const message of this.#added) {
      const isNext = !this.#hasBacklog && this.#hasRoom;
      if (isNext) this.#cursor = message.seq;
      if (message.due !== null) this.nextDue = Math.min(this.nextDue, message.due);
      else if (isNext) this.#show(message);
      else this.#hasBacklog = true;
    }
    this.#added = [];
  }

  /** Writes the deliveries that only memory holds, and with them what the table must know before it is read. */
  save(): void {
    this.#writeRemovals();
    if (this.#delivered.size === 0) return;
    this.join();
    this.table.deliver([...this.#delivered.values()]);
    this.#delivered.clear();
  }

  #writeRemovals(): void {
    for (const [why, seqs] of this.#removals) {
      const count = this.table.remove(seqs);
      this.removed[why] += count;
      this.#count -= count;
    }
    this.#removals.clear();
  }

  get #hasRoom(): boolean {
    return this.#window.size < WINDOW_MESSAGES && this.#windowBytes < WINDOW_BYTES;
  }

  #show(message: StoredMessage): void {
    this.#window.set(message.seq, message);
    this.#windowBytes += message.body.length;
  }

  #hide(seq: number): void {
    const message = this.#window.get(seq);
    if (!message) return;
    this.#windowBytes -= message.body.length;
    this.#window.delete(seq);
  }

  /** Makes messages visible whose delay or visibility timeout is over. */
  #showReturned(now: number): void {
    if (now < this.nextDue || !this.#hasRoom) return;
    this.save();
    for (const message of this.table.dueBy(now, FETCH_MESSAGES, WINDOW_BYTES)) {
      const { seq, receives, firstReceived } = message;
      this.#delivered.set(seq, { seq, due: null, receives, firstReceived });
      // Behind the cursor the backlog brings it; showing it now would show it twice.
      if (seq > this.#cursor) this.#hasBacklog = true;
      else this.#show({ ...message, due: null });
    }
    this.save();
    this.nextDue = Math.max(this.table.earliestDue(), now + RETURN_INTERVAL_MS);
  }

  #fetchBacklog(): void {
    if (!this.#hasBacklog) return;
    this.#writeRemovals();
    const fetched = this.table.waitingAfter(this.#cursor, FETCH_MESSAGES, WINDOW_BYTES);
    for (const message of fetched) {
      this.#cursor = message.seq;
      this.#show(message);
    }
    this.#hasBacklog = fetched.length > 0;
  }
}
