/**
 * The messages of one queue: a window of the next ones in memory, filled from the table as it empties, and what memory
 * knows of those in flight. Its size is bounded: most of a long queue stays in the table. All times are elapsed ones.
 */
import type { MessageTable, NewMessage, StoredMessage } from './message-table.js';
import { WriteBuffer } from './write-buffer.js';

/** The window takes no further message once it holds so many messages, or bodies of so many bytes. */
const WINDOW_MESSAGES = 4_000;
const WINDOW_BYTES = 16 * 1_048_576;
/** One delivery has bodies of so many characters together, but at least one: what a receiver has not read is in memory. */
const DELIVERY_LENGTH = 1_048_576;
/** Messages fetched from the table at a time. */
const FETCH_MESSAGES = 500;
/** Milliseconds between two searches for messages to show again: the precision of delays and visibility timeouts. */
const RETURN_INTERVAL_MS = 20;

interface MessageCounts {
  visible: number;
  inFlight: number;
  delayed: number;
}

/** Why a message is no longer in the queue. */
type Removal = 'deleted' | 'expired' | 'dead_lettered' | 'damaged' | 'moved' | 'purged';

export class QueueMessages {
  /** Number of the newest message on disk; 0 = none. */
  lastSeq: number;
  /** Elapsed milliseconds at which the next delay or visibility timeout ends; Infinity = none is running. */
  nextDue: number;
  /** Counts since the queue was opened. */
  readonly totals = { added: 0, delivered: 0, redelivered: 0 };
  readonly removed: Record<Removal, number> = {
    deleted: 0,
    expired: 0,
    dead_lettered: 0,
    damaged: 0,
    moved: 0,
    purged: 0,
  };
  readonly #table: MessageTable;
  readonly #buffer: WriteBuffer;
  /** Messages that can be received, in the order of their delivery. */
  readonly #window = new Map<number, StoredMessage>();
  #windowBytes = 0;
  /** Deliveries of each message in flight, by `seq`. A message whose timeout is over stays here until the table is read. */
  readonly #inFlight = new Map<number, number>();
  /** The last message that was considered for the window; behind it, `#backlog` waiting messages are in the table only. */
  #cursor = 0;
  #backlog: number;
  #delayed: number;
  #uncommitted: NewMessage[] = [];

  constructor(table: MessageTable) {
    this.#table = table;
    this.#buffer = new WriteBuffer(table);
    const { total, due, last } = table.totals();
    this.lastSeq = last ?? 0;
    for (const { seq, receives } of table.received()) this.#inFlight.set(seq, receives);
    this.#backlog = total - due;
    this.#delayed = due - this.#inFlight.size;
    this.nextDue = table.earliestDue();
  }

  get counts(): MessageCounts {
    return { visible: this.#window.size + this.#backlog, inFlight: this.#inFlight.size, delayed: this.#delayed };
  }

  /** The counts, with messages whose delay or visibility timeout is over as visible ones, also before they are picked. */
  countsAt(now: number): MessageCounts {
    const { visible, inFlight, delayed } = this.counts;
    if (now < this.nextDue) return { visible, inFlight, delayed };
    this.#buffer.writeAll();
    const due = this.#table.dueCount(now);
    const started = delayed > 0 ? this.#table.dueDelayed(now) : 0;
    return { visible: visible + due, inFlight: inFlight - (due - started), delayed: delayed - started };
  }

  /** Writes new messages. They can be received after the commit. */
  add(messages: NewMessage[]): void {
    this.#table.insert(messages);
    for (const message of messages) this.#uncommitted.push(message);
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
    for (const message of messages) {
      this.#hide(message.seq);
      if (message.receives > 0) this.totals.redelivered += 1;
      message.receives += 1;
      message.firstReceived ??= received;
      const { seq, receives, firstReceived } = message;
      this.#inFlight.set(seq, receives);
      this.#buffer.deliver({ seq, due, receives, firstReceived });
    }
    this.nextDue = Math.min(this.nextDue, due);
  }

  /**
   * Ends the visibility timeout of a message at `due` instead; one that is visible again is hidden until then. False: there is
   * no such message, or it was never received.
   */
  reschedule(seq: number, due: number, now: number): boolean {
    this.#buffer.writeAll();
    if (!this.#inFlight.has(seq)) {
      const receives = this.#table.receivesOf(seq) ?? 0;
      if (receives === 0) return false;
      if (due <= now) return true;
      if (!this.#hide(seq)) this.#backlog -= 1;
      this.#inFlight.set(seq, receives);
    }
    this.#table.setDue([seq], due);
    this.nextDue = Math.min(this.nextDue, due);
    return true;
  }

  /** Deletes messages in any state; those that no longer exist are skipped. */
  remove(seqs: number[], why: Removal = 'deleted'): void {
    for (const seq of seqs) {
      if (this.#inFlight.delete(seq) || this.#hide(seq)) this.#buffer.remove(seq);
      else if (!this.#removeFromTable(seq)) continue;
      this.removed[why] += 1;
    }
  }

  /** Takes a damaged message that was picked out of the queue, and keeps it in the store. */
  quarantine(seq: number, reason: string): void {
    this.#hide(seq);
    this.#table.quarantine(seq, reason);
    this.removed.damaged += 1;
  }

  /** Up to `limit` messages that arrived before `time` (elapsed milliseconds), oldest first. */
  arrivedBefore(time: number, limit: number): number[] {
    this.#buffer.writeRemovals();
    return this.#table.arrivedBefore(time, limit);
  }

  /** When the oldest message on disk arrived (elapsed milliseconds); undefined: there is none. */
  get firstArrival(): number | undefined {
    return this.#table.firstArrival();
  }

  /** Deletes all messages. */
  clear(): void {
    const { visible, inFlight, delayed } = this.counts;
    this.removed.purged += visible + inFlight + delayed;
    this.#table.clear();
    this.#buffer.clear();
    this.#uncommitted = [];
    this.#window.clear();
    this.#windowBytes = 0;
    this.#inFlight.clear();
    this.#backlog = 0;
    this.#delayed = 0;
    this.nextDue = Number.POSITIVE_INFINITY;
  }

  /** Call it inside every transaction, before its commit. */
  beforeCommit(): void {
    this.#buffer.writeRemovals();
  }

  /** Call it after every commit: only messages on disk can be received. */
  afterCommit(): void {
    this.totals.added += this.#uncommitted.length;
    for (const message of this.#uncommitted) {
      this.lastSeq = message.seq;
      const upToDate = this.#backlog === 0 && this.#hasRoom;
      if (upToDate) this.#cursor = message.seq;
      if (message.due !== null) {
        this.#delayed += 1;
        this.nextDue = Math.min(this.nextDue, message.due);
      } else if (upToDate) {
        this.#show({ ...message, receives: 0, firstReceived: null });
      } else {
        this.#backlog += 1;
      }
    }
    this.#uncommitted = [];
  }

  /** Writes the deliveries that only memory holds. */
  save(): void {
    this.#buffer.writeAll();
  }

  get #hasRoom(): boolean {
    return this.#window.size < WINDOW_MESSAGES && this.#windowBytes < WINDOW_BYTES;
  }

  #show(message: StoredMessage): void {
    this.#window.set(message.seq, message);
    this.#windowBytes += message.body.length;
  }

  #hide(seq: number): boolean {
    const message = this.#window.get(seq);
    if (!message) return false;
    this.#windowBytes -= message.body.length;
    return this.#window.delete(seq);
  }

  /** Deletes a message that memory doesn't hold; false: there is none. */
  #removeFromTable(seq: number): boolean {
    // The same message may have been deleted a moment ago.
    this.#buffer.writeRemovals();
    const removed = this.#table.removeOne(seq);
    if (!removed) return false;
    if (removed.due !== null) this.#delayed -= 1;
    else if (seq > this.#cursor) this.#backlog -= 1;
    return true;
  }

  /** Makes messages visible whose delay or visibility timeout is over. */
  #showReturned(now: number): void {
    if (now < this.nextDue || !this.#hasRoom) return;
    this.#buffer.writeAll();
    const messages = this.#table.dueBy(now, FETCH_MESSAGES, WINDOW_BYTES);
    if (messages.length > 0) {
      this.#table.setDue(
        messages.map(({ seq }) => seq),
        null,
      );
    }
    for (const message of messages) {
      if (!this.#inFlight.delete(message.seq)) this.#delayed -= 1;
      // Behind the cursor the backlog brings it; showing it now would show it twice.
      if (message.seq > this.#cursor) this.#backlog += 1;
      else this.#show({ ...message, due: null });
    }
    this.nextDue = Math.max(this.#table.earliestDue(), now + RETURN_INTERVAL_MS);
  }

  #fetchBacklog(): void {
    if (this.#backlog === 0) return;
    for (const message of this.#table.waitingAfter(this.#cursor, this.lastSeq, FETCH_MESSAGES, WINDOW_BYTES)) {
      this.#cursor = message.seq;
      this.#backlog -= 1;
      this.#show(message);
    }
  }
}
