/**
 * Index of a FIFO queue: the first messages in order, without their bodies. A message can be received when none of its
 * group is in flight and none before it in its group is delayed.
 */
import type { MessageCounts, MessageIndex, MessageState } from './message-index.js';
import type { MessageHeader, MessageMeta, MessageTable, NewMessage, StoredMessage } from './message-table.js';
import { WriteBuffer } from './write-buffer.js';

/** As documented for SQS, messages behind this many of blocked groups are not looked at. */
const WINDOW = 120_000;
const FETCH = 5_000;

interface Entry {
  seq: number;
  group: string;
  due: number | null;
  receives: number;
}

export class FifoIndex implements MessageIndex {
  lastSeq: number;
  nextDue = Number.POSITIVE_INFINITY;
  /** In order of arrival, in whatever state. */
  readonly #entries = new Map<number, Entry>();
  readonly #inFlight = new Map<number, Entry>();
  readonly #groupsInFlight = new Map<string, number>();
  readonly #buffer: WriteBuffer;
  #uncommitted: NewMessage[] = [];
  #cursor = 0;
  /** Messages behind the cursor, which are in the table only. */
  #backlog: number;

  constructor(private readonly table: MessageTable) {
    this.#buffer = new WriteBuffer(table);
    const { total, last } = table.totals();
    this.#backlog = total;
    this.lastSeq = last ?? 0;
    this.#fetch(Date.now());
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get counts(): MessageCounts {
    const now = Date.now();
    let delayed = 0;
    for (const entry of this.#entries.values()) if (isDelayed(entry, now)) delayed += 1;
    const inFlight = this.#inFlight.size;
    return { visible: this.#entries.size - inFlight - delayed + this.#backlog, inFlight, delayed };
  }

  add(messages: NewMessage[]): void {
    this.table.insert(messages);
    for (const message of messages) this.#uncommitted.push(message);
  }

  afterCommit(): void {
    for (const message of this.#uncommitted) {
      this.lastSeq = message.seq;
      if (this.#backlog === 0 && this.#entries.size < WINDOW) this.#hold({ ...message, receives: 0 }, message.sent);
      else this.#backlog += 1;
    }
    this.#uncommitted = [];
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

  pick(max: number, now: number): StoredMessage[] {
    this.#comeBack(now);
    let seqs = this.#receivable(max, now);
    if (seqs.length < max && this.#backlog > 0) {
      this.#fetch(now);
      seqs = this.#receivable(max, now);
    }
    if (seqs.length === 0) return [];
    // What memory knows of earlier deliveries must be in the rows that are read now.
    this.#buffer.writeAll();
    return this.table.bySeq(seqs);
  }

  deliver(messages: StoredMessage[], due: number, now: number): void {
    for (const message of messages) {
      message.receives += 1;
      message.firstReceived ??= now;
      const { seq, receives, firstReceived } = message;
      const entry = this.#entries.get(seq)!;
      entry.receives = receives;
      this.#putInFlight(entry, due);
      this.#buffer.deliver({ seq, due, receives, firstReceived });
    }
  }

  find(seq: number, now: number): MessageState | undefined {
    this.#comeBack(now);
    const entry = this.#entries.get(seq);
    return entry && { inFlight: this.#inFlight.has(seq), receives: entry.receives };
  }

  reschedule(seq: number, due: number): void {
    this.#buffer.writeAll();
    this.table.setDue([seq], due);
    const entry = this.#inFlight.get(seq);
    if (entry) entry.due = due;
    this.nextDue = Math.min(this.nextDue, due);
  }

  remove(seqs: number[]): void {
    for (const seq of seqs) {
      const entry = this.#entries.get(seq);
      if (entry) {
        this.#land(entry);
        this.#entries.delete(seq);
        this.#buffer.remove(seq);
      } else if (seq > this.#cursor && this.table.removeOne(seq)) {
        this.#backlog -= 1;
      }
    }
  }

  clear(): void {
    this.table.clear();
    this.#buffer.clear();
    this.#uncommitted = [];
    this.#entries.clear();
    this.#inFlight.clear();
    this.#groupsInFlight.clear();
    this.#backlog = 0;
    this.nextDue = Number.POSITIVE_INFINITY;
  }

  #hold(header: MessageHeader, now: number): void {
    const meta: MessageMeta = header.meta === null ? {} : JSON.parse(header.meta);
    const { seq, due, receives } = header;
    const entry: Entry = { seq, group: meta.group ?? '', due, receives };
    this.#entries.set(seq, entry);
    this.#cursor = seq;
    if (due === null || due <= now) return;
    if (receives > 0) this.#putInFlight(entry, due);
    else this.nextDue = Math.min(this.nextDue, due);
  }

  #fetch(now: number): void {
    if (this.#backlog === 0) return;
    for (const header of this.table.headersAfter(this.#cursor, this.lastSeq, FETCH)) {
      if (this.#entries.size >= WINDOW) return;
      this.#hold(header, now);
      this.#backlog -= 1;
    }
  }

  #receivable(max: number, now: number): number[] {
    const seqs: number[] = [];
    const blocked = new Set<string>();
    for (const entry of this.#entries.values()) {
      if (seqs.length === max) break;
      if (this.#groupsInFlight.has(entry.group) || blocked.has(entry.group)) continue;
      if (isDelayed(entry, now)) blocked.add(entry.group);
      else seqs.push(entry.seq);
    }
    return seqs;
  }

  #putInFlight(entry: Entry, due: number): void {
    entry.due = due;
    this.#inFlight.set(entry.seq, entry);
    this.#groupsInFlight.set(entry.group, (this.#groupsInFlight.get(entry.group) ?? 0) + 1);
    this.nextDue = Math.min(this.nextDue, due);
  }

  /** Takes a message out of flight, and unlocks its group with the last one. */
  #land(entry: Entry): void {
    if (!this.#inFlight.delete(entry.seq)) return;
    const left = this.#groupsInFlight.get(entry.group)! - 1;
    if (left > 0) this.#groupsInFlight.set(entry.group, left);
    else this.#groupsInFlight.delete(entry.group);
  }

  /** Lands the messages whose visibility timeout is over. */
  #comeBack(now: number): void {
    if (now < this.nextDue) return;
    this.nextDue = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries.values()) {
      if (entry.due === null) continue;
      if (entry.due <= now) this.#land(entry);
      else this.nextDue = Math.min(this.nextDue, entry.due);
    }
  }
}

function isDelayed({ due, receives }: Entry, now: number): boolean {
  return due !== null && due > now && receives === 0;
}
