/** A message, as memory and the table of its queue hold it. */

export interface MessageMeta {
  group?: string;
  trace?: string;
  /** ARN of the queue whose redrive policy moved the message here. */
  source?: string;
  /** Deliveries in earlier queues. */
  earlierReceives?: number;
}

export interface StoredMessage {
  /** Orders the messages of a queue; never reused. */
  seq: number;
  id: string;
  body: string;
  bodyMd5: string;
  /** JSON of the message attributes; null = none. */
  attributes: string | null;
  attributesMd5: string | null;
  /** Unix milliseconds by the wall clock, for the receivers. */
  sent: number;
  /** Elapsed milliseconds (see `lib/time/elapsed-clock.ts`) at which it came; its age counts from here. */
  arrived: number;
  /** Elapsed milliseconds from which it can be received; null = at once. */
  due: number | null;
  /** Undefined = none of them. */
  meta: MessageMeta | undefined;
  /** Deliveries from this queue. */
  receives: number;
  /** Unix milliseconds of the first delivery by the wall clock; null = none yet. */
  firstReceived: number | null;
  /** It was read from the file, and nobody has compared it with its checksums yet. */
  unverified?: boolean;
}
