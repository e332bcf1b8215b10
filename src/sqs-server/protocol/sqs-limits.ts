/**
 * The documented limits of Amazon SQS.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */

/** Bytes of a message (body and attributes), and of all messages of a batch together. */
export const MAX_MESSAGE_BYTES = 1_048_576;
export const MAX_BATCH_ENTRIES = 10;
export const MAX_MESSAGE_ATTRIBUTES = 10;
/** Received and not yet deleted, per queue. */
export const MAX_IN_FLIGHT = 120_000;
/** Seconds. */
export const MAX_DELAY = 900;
/** Seconds. */
export const MAX_VISIBILITY = 43_200;
/** Seconds that a ReceiveMessage may wait. */
export const MAX_WAIT = 20;
/** Milliseconds in which a FIFO queue recognises a repetition, of a send or of a receive. */
export const DEDUPLICATION_MS = 300_000;
/** Milliseconds between two PurgeQueue of one queue. */
export const PURGE_INTERVAL_MS = 60_000;
