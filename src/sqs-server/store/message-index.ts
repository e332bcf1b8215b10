/**
 * What memory knows of a queue's messages, over its table: which can be received now, which are in flight. Bounded: most of
 * a long queue stays in the table. Standard and FIFO queues differ only here.
 */
import type { NewMessage, StoredMessage } from './message-table.js';

/** How many waiting messages an index may hold in memory. */
export const WINDOW_MESSAGES = 4_000;
/** Bytes of bodies that a window may hold in memory; one message always fits. */
export const WINDOW_BYTES = 16 * 1_048_576;

export interface MessageCounts {
  visible: number;
  inFlight: number;
  delayed: number;
}

export interface MessageState {
  inFlight: boolean;
  /** Deliveries so far. */
  receives: number;
}

export interface MessageIndex {
  /** Of the newest message on disk; 0 = there is none. */
  readonly lastSeq: number;
  /** How many messages are in flight, at no cost; {@link counts} may have to count. */
  readonly inFlight: number;
  readonly counts: MessageCounts;
  /** Unix milliseconds of the next time at which a message may become receivable by itself; Infinity = none. */
  readonly nextDue: number;
  /** Writes new messages; they can be received after the commit. */
  add(messages: NewMessage[]): void;
  /** Up to `max` messages that can be received now; they stay where they are until delivered or removed. */
  pick(max: number, now: number): StoredMessage[];
  /** Puts picked messages in flight until `due`, and counts their delivery. */
  deliver(messages: StoredMessage[], due: number, now: number): void;
  /** The state of a message that is still there. */
  find(seq: number, now: number): MessageState | undefined;
  /** Lets a message in flight come back at `due`. */
  reschedule(seq: number, due: number): void;
  /** Up to `limit` messages that were sent before `time` (Unix milliseconds), oldest first. */
  sentBefore(time: number, limit: number): number[];
  /** Deletes the messages, in whatever state; those that are gone already don't matter. */
  remove(seqs: number[]): void;
  clear(): void;
  /** To be called inside every transaction, before its commit. */
  beforeCommit(): void;
  /** To be called after it: what was added can be received from now on. */
  afterCommit(): void;
  /** Writes the deliveries that only memory knows. */
  save(): void;
}
