/** The `AdminQueue` port: what an operator does with a queue, over public actions of SQS only. */
import type { QueueDepth, ReceivedMessage } from './queue.js';

/** A message that was looked at. */
export interface SeenMessage extends ReceivedMessage {
  /** Why it is a dead letter, as the puller said when it sent it there. */
  deadLetterReason: string | undefined;
  /** The queue service itself made it a dead letter: it was delivered too often and never deleted. */
  exhausted: boolean;
  /** Attributes of every type, for {@link AdminQueue.sendBack}. */
  rawAttributes: unknown;
}

export interface LookOptions {
  /** 1 to 10. */
  max: number;
  /** For how long other receivers don't get these messages, unless they are released before. */
  hideSeconds: number;
  /** How long to wait for the first message. At least 1 asks every server of Amazon SQS. */
  waitSeconds: number;
}

/** A task of the queue service that moves all dead letters. */
export interface MoveTask {
  status(): Promise<{ running: boolean; moved: number; failure?: string }>;
}

/** Every call rejects with the codes of `Queue.send`. */
export interface AdminQueue {
  /** The queue's URL. */
  readonly name: string;
  depth(): Promise<QueueDepth>;
  /** Age of the oldest message in milliseconds; undefined where there is none. SQS has no action for it: only our own server tells. */
  oldestAge(): Promise<number | undefined>;
  /** The dead-letter queue; closed with this one. Rejects with `QUEUE_NO_DEAD_LETTER`. */
  deadLetters(): Promise<AdminQueue>;
  /** Receives messages without deleting them. */
  look(options: LookOptions): Promise<SeenMessage[]>;
  /** Shows messages to other receivers again. Those that are no longer hidden are skipped. */
  release(messages: SeenMessage[]): Promise<void>;
  /** Deletes up to 10 messages; resolves with those that could not be deleted. */
  delete(messages: SeenMessage[]): Promise<SeenMessage[]>;
  /** Sends a dead letter to this queue again, as it was. */
  sendBack(message: SeenMessage): Promise<void>;
  /** Starts to move all dead letters back to this queue; undefined where the queue service does not offer it. */
  startMove(): Promise<MoveTask | undefined>;
  /** Deletes every message. Rejects with `QUEUE_PURGED_RECENTLY` within 60 s of the last time. */
  purge(): Promise<void>;
  close(): void;
}
