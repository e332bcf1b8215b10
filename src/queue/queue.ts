/**
 * The ports of a message queue: `Queue` is what the proxy and the puller need, `AdminQueue` what an operator does. Delivery is
 * at least once and unordered, as with standard queues of Amazon SQS. Their one implementation is `sqs-queue.ts`, for Amazon
 * and for the embedded server.
 */
import { z } from 'zod';

/** String attributes of a message (SQS message attributes of type String). */
export type Attributes = Record<string, string>;

export interface OutgoingMessage {
  body: string;
  attributes?: Attributes;
}

/** The result for one message of a batch. `retryable` false: the queue will never accept this message. */
export type SendResult = { ok: true; id: string } | { ok: false; code: string; reason: string; retryable: boolean };

export interface ReceivedMessage {
  id: string;
  body: string;
  attributes: Attributes;
  /** Needed to delete this delivery or to change its visibility. */
  receipt: string;
  /** How often it was delivered, including this time. */
  receiveCount: number;
  /** Unix milliseconds at which the queue accepted it. */
  sentAt: number;
}

export interface QueueDepth {
  /** Messages waiting. */
  visible: number;
  /** Messages received and not yet deleted. */
  inFlight: number;
  delayed: number;
}

/** The queue of readings on an embedded queue server. */
export const QUEUE_NAME = 'wasm-sensors';

/** Attribute of a dead letter that was sent back: the id that it had, by which sinks recognise a duplicate. */
export const REPLAY_OF_ATTRIBUTE = 'replay_of';

/** Documented limits of a batch (SQS: SendMessageBatch). */
export const MAX_BATCH_COUNT = 10;
export const MAX_BATCH_BYTES = 1_048_576;

export interface Queue {
  /** The queue's URL. */
  readonly name: string;
  /**
   * Sends 1 to {@link MAX_BATCH_COUNT} messages of at most {@link MAX_BATCH_BYTES} in all. Resolves with one result per
   * message, in order, once the queue has durably accepted those that are `ok`. Rejects with an `AppError` when the whole
   * request failed: `QUEUE_UNREACHABLE`, `QUEUE_THROTTLED` (try again), `QUEUE_NOT_FOUND`, `QUEUE_DENIED`,
   * `QUEUE_CREDENTIALS`, `QUEUE_REGION_UNKNOWN`, `QUEUE_ERROR`.
   */
  send(messages: OutgoingMessage[]): Promise<SendResult[]>;
  /** Receives up to 10 messages, waiting up to `waitSeconds` (0 to 20) for the first. Aborting rejects with the signal's reason. */
  receive(options: { waitSeconds: number; signal?: AbortSignal }): Promise<ReceivedMessage[]>;
  /** Deletes up to 10 deliveries; resolves with the receipts that could not be deleted. */
  delete(receipts: string[]): Promise<string[]>;
  /**
   * Sends a message that can't be processed to the dead-letter queue; the caller deletes the original afterwards.
   * Resolves with the id that it has there.
   */
  deadLetter(message: ReceivedMessage, reason: string): Promise<string>;
  /** Rejects as `send` does: it tells whether the queue answers and allows its use. */
  depth(): Promise<QueueDepth>;
  /** Depth of the dead-letter queue; undefined where there is none. */
  deadLetterDepth(): Promise<QueueDepth | undefined>;
  /** What our own server says of its store; undefined: the queue is on another one. Rejects when it does not answer. */
  serverState?(): Promise<QueueServerState | undefined>;
  close(): void;
}

/** What a proxy needs of it. */
export type QueueToSend = Pick<Queue, 'name' | 'send' | 'depth'>;

/** A message that was read without being deleted. */
export interface SeenMessage extends ReceivedMessage {
  /** Why it is a dead letter, as the puller said when it sent it there. */
  deadLetterReason: string | undefined;
  /** The queue service itself made it a dead letter: it was delivered too often and never deleted. */
  exhausted: boolean;
  /** Attributes of every type, for {@link AdminQueue.sendBack}. */
  rawAttributes: unknown;
}

/** Works over public actions of SQS only. Every call rejects with the codes of {@link Queue.send}. */
export interface AdminQueue extends Pick<Queue, 'name' | 'depth' | 'delete' | 'close'> {
  /** Age of the oldest message in milliseconds; undefined where there is none. SQS has no action for it: only our own server tells. */
  oldestAge(): Promise<number | undefined>;
  /** The dead-letter queue; closed with this one. Rejects with `QUEUE_NO_DEAD_LETTER`. */
  deadLetters(): Promise<AdminQueue>;
  /**
   * Receives `max` messages (1 to 10) without deleting them. Other receivers don't get them for `hideSeconds`, unless they
   * are released before. `waitSeconds`: for the first; at least 1 asks every server of Amazon SQS.
   */
  look(options: { max: number; hideSeconds: number; waitSeconds: number }): Promise<SeenMessage[]>;
  /** Shows messages to other receivers again. Those that are no longer hidden are skipped. */
  release(receipts: string[]): Promise<void>;
  /** Sends a dead letter to this queue again, as it was. */
  sendBack(message: SeenMessage): Promise<void>;
  /** Deletes every message. Rejects with `QUEUE_PURGED_RECENTLY` within 60 s of the last time. */
  purge(): Promise<void>;
}

export const queueServerStateSchema = z.object({
  /** Whether it takes messages. */
  status: z.enum(['ready', 'not ready']),
  /** Why it does not. */
  code: z.string().optional(),
  reason: z.string().optional(),
  /** Damaged files that are kept beside the store. */
  quarantined: z.array(z.string()).optional(),
  /** Its file was deleted or replaced in the last hour, and was written back. */
  writtenBack: z.object({ problem: z.string(), times: z.number(), agoMs: z.number() }).optional(),
  /** Damaged messages of queues without a dead-letter queue, which nobody receives. */
  damagedMessages: z.number().optional(),
  /** Milliseconds by which the wall clock was set; ignored until an hour has confirmed it. */
  clockStepMs: z.number().optional(),
});

export type QueueServerState = z.infer<typeof queueServerStateSchema>;
