/** Index of a standard queue: a window of the next messages, filled from the table as it empties. */
import {
  type MessageCounts,
  type MessageIndex,
  type MessageState,
  WINDOW_BYTES,
  WINDOW_MESSAGES,
} from './message-index.js';
import type { MessageTable, NewMessage, StoredMessage } from './message-table.js';
import { WriteBuffer } from './write-buffer.js';

/** Messages fetched from the table at a time. */
const FETCH = 500;
/** Milliseconds between two looks for messages that come back: the precision of delays and visibility timeouts. */
const RETURN_INTERVAL_MS = 20;

export class StandardIndex implements MessageIndex {
  lastSeq: number;
  nextDue: number;
  /** Receivable messages in memory, in the order in which they are given out. */
  readonly #window = new Map<number, StoredMessage>();
  #windowBytes = 0;
  /** Deliveries by `seq`. Those whose time is over stay until the table is asked. */
  readonly #inFlight = new Map<number, number>();
  /** Waiting messages behind the cursor are in the table only; there are `#backlog` of them. */
  #cursor = 0;
  #backlog: number;
  #delayed: number;

  readonly #buffer: WriteBuffer;
  #uncommitted: NewMessage[] = [];

  constructor(private readonly table: MessageTable) {
    this.#buffer = new WriteBuffer(table);
    const { total, due, last } = table.totals();
    this.lastSeq = last ?? 0;
    for (const { seq, receives } of table.received()) this.#inFlight.set(seq, receives);
    this.#backlog = total - due;
    this.#delayed = due - this.#inFlight.size;
    this.nextDue = table.earliestDue();
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get counts(): MessageCounts {
    return { visible: this.#window.size + this.#backlog, inFlight: this.#inFlight.size, delayed: this.#delayed };
  }

  /** Waiting messages that memory does not hold. */
  get inTableOnly(): number {
    return this.#backlog;
  }

  add(messages: NewMessage[]): void {
    this.table.insert(messages);
    for (const message of messages) this.#uncommitted.push(message);
  }

  /** Only what is on disk may be received. */
  afterCommit(): void {
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

  pick(max: number, now: number): StoredMessage[] {
    this.#bringBack(now);
    if (this.#window.size < max) this.#fetchBacklog();
    const picked: StoredMessage[] = [];
    for (const message of this.#window.values()) {
      if (picked.length === max) break;
      picked.push(message);
    }
    return picked;
  }

  deliver(messages: StoredMessage[], due: number, now: number): void {
    for (const message of messages) {
      this.#hide(message.seq);
      message.receives += 1;
      message.firstReceived ??= now;
      const { seq, receives, firstReceived } = message;
      this.#inFlight.set(seq, receives);
      this.#buffer.deliver({ seq, due, receives, firstReceived });
    }
    this.nextDue = Math.min(this.nextDue, due);
  }

  find(seq: number, now: number): MessageState | undefined {
    this.#bringBack(now);
    const receives = this.#inFlight.get(seq);
    if (receives !== undefined) return { inFlight: true, receives };
    this.#buffer.writeAll();
    const header = this.#window.get(seq) ?? this.table.header(seq);
    return header && { inFlight: false, receives: header.receives };
  }

  reschedule(seq: number, due: number): void {
    this.#buffer.writeAll();
    this.table.setDue([seq], due);
    this.nextDue = Math.min(this.nextDue, due);
  }

  remove(seqs: number[]): void {
    for (const seq of seqs) {
      if (this.#inFlight.delete(seq) || this.#hide(seq)) this.#buffer.remove(seq);
      else this.#removeUnseen(seq);
    }
  }

  sentBefore(time: number, limit: number): number[] {
    this.#buffer.writeRemovals();
    return this.table.sentBefore(time, limit);
  }

  beforeCommit(): void {
    this.#buffer.writeRemovals();
  }

  save(): void {
    this.#buffer.writeAll();
  }

  clear(): void {
    this.table.clear();
    this.#buffer.clear();
    this.#uncommitted = [];
    this.#window.clear();
    this.#windowBytes = 0;
    this.#inFlight.clear();
    this.#backlog = this.#delayed = 0;
    this.nextDue = Number.POSITIVE_INFINITY;
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

  /** Deletes a message that memory doesn't hold. */
  #removeUnseen(seq: number): void {
    // The same message may have been deleted a moment ago.
    this.#buffer.writeRemovals();
    const removed = this.table.removeOne(seq);
    if (!removed) return;
    if (removed.due !== null) this.#delayed -= 1;
    else if (seq > this.#cursor) this.#backlog -= 1;
  }

  /** Makes delayed messages and those whose visibility timeout is over receivable. */
  #bringBack(now: number): void {
    if (now < this.nextDue || !this.#hasRoom) return;
    this.#buffer.writeAll();
    const messages = this.table.dueBy(now, FETCH, WINDOW_BYTES);
    if (messages.length > 0) {
      this.table.setDue(
        messages.map(({ seq }) => seq),
        null,
      );
    }
    for (const message of messages) {
      if (!this.#inFlight.delete(message.seq)) this.#delayed -= 1;
      // Behind the cursor it will be fetched in its turn; to show it now would show it twice.
      if (message.seq > this.#cursor) this.#backlog += 1;
      else this.#show({ ...message, due: null });
    }
    this.nextDue = Math.max(this.table.earliestDue(), now + RETURN_INTERVAL_MS);
  }

  #fetchBacklog(): void {
    if (this.#backlog === 0) return;
    for (const message of this.table.waitingAfter(this.#cursor, this.lastSeq, FETCH, WINDOW_BYTES)) {
      this.#cursor = message.seq;
      this.#backlog -= 1;
      this.#show(message);
    }
  }
}
