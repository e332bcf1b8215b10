/**
 * The documented limits of Amazon SQS.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */

/** Bytes of a message (body and attributes), and of all messages of a batch together. */
export const MAX_MESSAGE_BYTES = 1_048_576;
export const MAX_BATCH_ENTRIES = 10;
export const MAX_MESSAGE_ATTRIBUTES = 10;
/** Messages of a queue that are received and not yet deleted. */
export const MAX_IN_FLIGHT = 120_000;
/** Seconds. */
export const MAX_DELAY = 900;
/** Seconds. */
export const MAX_VISIBILITY = 43_200;
/** Seconds that a ReceiveMessage request may wait. */
export const MAX_WAIT = 20;
/** Milliseconds between two PurgeQueue requests for one queue. */
export const PURGE_INTERVAL_MS = 60_000;
