/**
 * Collects messages of many requests into full batches for the queue. A message's promise resolves when the queue has
 * accepted it. What the queue does not accept in time is refused: the sender keeps it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../../lib/async/backoff.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { RELAY_ATTRIBUTE } from '../../protocol/relay.js';
import { MAX_PACKED_READINGS } from '../../queue/packed.js';
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_COUNT,
  type OutgoingMessage,
  type QueueToSend,
  type SendResult,
} from '../../queue/queue.js';
import { joined, MAX_PACKED_LENGTH, type Outgoing } from './outgoing.js';

/** What happens in the proxy, for its log; `cli/output` makes sentences of it. */
export type ProxyEvent =
  /** Once until it works again, and again when the reason changes. */
  | { type: 'queue.failing'; message: string }
  | { type: 'queue.recovered' }
  | { type: 'batch.sent'; messages: number; ms: number }
  | { type: 'request.refused'; status: number; code: string; message: string };

const LIMITS = {
  /** How long a message waits for others, in milliseconds; four times as long while batches are on their way. */
  lingerMs: 5,
  maxInFlight: 16,
  /** Messages waiting; more are refused at once. */
  maxWaiting: 20_000,
  /** Of the messages that wait or are being sent. 20,000 readings have 8 MB; messages of 256 KiB each would have 5 GB. */
  maxBytes: 64 * 1_048_576,
  /** After this time, in milliseconds, the sender is asked to try again. Less than the 30 s that sensors wait. */
  giveUpMs: 15_000,
  /** Whether what may be packed is. */
  pack: false,
};
/** Fewer and larger messages: what comes while four are on their way waits for one of them. */
const PACKING: Partial<typeof LIMITS> = { lingerMs: 2, maxInFlight: 4 };
export type BatcherOptions = Partial<typeof LIMITS>;

/** `busy`: not accepted, try again later. `refused`: the queue will never accept it. */
export type Outcome = { status: 'accepted' } | { status: 'busy' | 'refused'; code: string; reason: string };

interface Waiting {
  message: Outgoing;
  bytes: number;
  /** By the monotonic clock. */
  since: number;
  isFinished: boolean;
  failure?: { code: string; reason: string };
  /** Only the first outcome counts. */
  finish(outcome: Outcome): void;
}

/** A message for the queue, and what it is made of: one that waits, or many that are packed. */
interface Parcel {
  parts: Waiting[];
  message: OutgoingMessage;
}

/** Failures of a whole request that are worth a retry. */
const RETRYABLE = new Set(['QUEUE_UNREACHABLE', 'QUEUE_THROTTLED', 'QUEUE_ERROR']);

export class Batcher {
  readonly stats = { batches: 0, retries: 0, waiting: 0, inFlight: 0, lastError: undefined as string | undefined };
  readonly #queue: Pick<QueueToSend, 'send'>;
  readonly #limits: typeof LIMITS;
  readonly #onEvent: (event: ProxyEvent) => void;
  /** Why the queue fails now. */
  #problem: string | undefined;
  #waiting: Waiting[] = [];
  /** Without an outcome, the oldest first. */
  readonly #open = new Set<Waiting>();
  #heldBytes = 0;
  /** Of the oldest one; a timer for each would cost as much as all else here. */
  #giveUpTimer: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The messages that wait have waited long enough, and go also when they fill no batch. */
  #isDue = false;

  constructor(
    queue: Pick<QueueToSend, 'send'>,
    options: BatcherOptions = {},
    onEvent: (event: ProxyEvent) => void = () => {},
  ) {
    this.#queue = queue;
    this.#onEvent = onEvent;
    this.#limits = { ...LIMITS, ...(options.pack ? PACKING : {}), ...options };
  }

  /** Never rejects. What has `lines` may go packed with others. */
  add(message: Outgoing): Promise<Outcome> {
    this.#forgetFinished();
    const bytes = message.lines === undefined ? sizeOf(message) : Buffer.byteLength(message.lines);
    if (this.#waiting.length >= this.#limits.maxWaiting || this.#heldBytes + bytes > this.#limits.maxBytes) {
      return Promise.resolve({ status: 'busy', code: 'OVERLOADED', reason: 'too many readings wait for the queue' });
    }
    this.#heldBytes += bytes;
    return new Promise((resolve) => {
      const entry: Waiting = {
        message,
        bytes,
        since: performance.now(),
        isFinished: false,
        finish: (outcome) => {
          if (!this.#open.delete(entry)) return;
          this.#heldBytes -= bytes;
          entry.isFinished = true;
          if (this.#open.size === 0) {
            clearTimeout(this.#giveUpTimer);
            this.#giveUpTimer = undefined;
          }
          resolve(outcome);
        },
      };
      this.#open.add(entry);
      this.#giveUpTimer ??= setTimeout(() => this.#giveUp(), this.#limits.giveUpMs);
      this.#waiting.push(entry);
      this.stats.waiting = this.#waiting.length;
      if (this.#waiting.length >= this.#full) this.#flush();
      else if (!this.#isDue) this.#timer ??= setTimeout(() => this.#expire(), this.#lingerMs);
    });
  }

  /** Sends back what has waited too long: the queue may also hold a request for longer than a sender waits. */
  #giveUp(): void {
    this.#giveUpTimer = undefined;
    for (const entry of this.#open) {
      const left = entry.since + this.#limits.giveUpMs - performance.now();
      if (left > 1) {
        this.#giveUpTimer ??= setTimeout(() => this.#giveUp(), left);
        return;
      }
      const reason = `the queue does not keep up: ${this.stats.lastError ?? 'it is slow'}`;
      entry.finish({ status: 'busy', ...(entry.failure ?? { code: 'QUEUE_SLOW', reason }) });
    }
  }

  /** Resolves when everything that was added has its outcome; a call of a queue that is away may still be under way. */
  async drain(): Promise<void> {
    while (this.#heldBytes > 0) {
      this.#expire();
      await sleep(5);
    }
  }

  /** Senders whose readings are on their way send the next ones when they come back: these fill the batch. */
  get #lingerMs(): number {
    return this.stats.inFlight > 0 && !this.#limits.pack ? 4 * this.#limits.lingerMs : this.#limits.lingerMs;
  }

  get #full(): number {
    return this.#limits.pack ? MAX_PACKED_READINGS : MAX_BATCH_COUNT;
  }

  #expire(): void {
    this.#isDue = true;
    this.#flush();
  }

  /** Sends full batches, and what is due. */
  #flush(): void {
    const isReady = () => this.#waiting.length >= this.#full || (this.#isDue && this.#waiting.length > 0);
    while (isReady() && this.stats.inFlight < this.#limits.maxInFlight) void this.#sendBatch(this.#take());
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) this.#isDue = false;
    else if (!this.#isDue) this.#timer = setTimeout(() => this.#expire(), this.#lingerMs);
    this.stats.waiting = this.#waiting.length;
  }

  /** Drops messages that went back to their senders. All wait equally long, so they are at the front. */
  #forgetFinished(): void {
    while (this.#waiting[0]?.isFinished) this.#waiting.shift();
  }

  /** The next batch, limited by count and bytes. */
  #take(): Parcel[] {
    this.#forgetFinished();
    const batch: Waiting[][] = [];
    let bytes = 0;
    let count = 0;
    /** Characters and readings in the last message of the batch. */
    let [length, readings] = [0, 0];
    for (const entry of this.#waiting) {
      const { message } = entry;
      bytes += entry.bytes;
      if (count > 0 && bytes > MAX_BATCH_BYTES) break;
      length += message.lines?.length ?? 0;
      readings += message.readings.length;
      const last = batch.at(-1);
      const joins = this.#limits.pack && canJoin(last?.[0]?.message, message);
      if (joins && length <= MAX_PACKED_LENGTH && readings <= MAX_PACKED_READINGS) last?.push(entry);
      else if (batch.length === MAX_BATCH_COUNT) break;
      else {
        batch.push([entry]);
        [length, readings] = [message.lines?.length ?? 0, message.readings.length];
      }
      count++;
    }
    this.#waiting.splice(0, count);
    return batch.map((parts) => ({ parts, message: joined(parts.map(({ message }) => message)) }));
  }

  async #sendBatch(batch: Parcel[]): Promise<void> {
    this.stats.inFlight++;
    let left = batch;
    for (let attempt = 0; left.length > 0; attempt++) {
      left = await this.#tryOnce(left);
      if (left.length === 0) break;
      this.stats.retries++;
      await sleep(jittered(attempt, 50, 2000));
      left = left.filter(isOpen);
    }
    this.stats.inFlight--;
    if (this.#waiting.length > 0) this.#flush();
  }

  /** Sends once and finishes what is decided; resolves with the messages that are worth a retry. */
  async #tryOnce(batch: Parcel[]): Promise<Parcel[]> {
    let results: SendResult[];
    // Where the whole request fails for good, the operator has to fix it. The messages are good, so their senders keep them.
    let atFault: 'refused' | 'busy' = 'refused';
    this.stats.batches++;
    const began = performance.now();
    try {
      results = await this.#queue.send(batch.map(({ message }) => message));
      this.#report(undefined);
      this.#onEvent({ type: 'batch.sent', messages: batch.length, ms: Math.round(performance.now() - began) });
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'QUEUE_ERROR';
      const reason = messageOf(error);
      this.stats.lastError = reason;
      this.#report(reason);
      results = batch.map(() => ({ ok: false, code, reason, retryable: RETRYABLE.has(code) }));
      atFault = 'busy';
    }
    if (results.every(({ ok }) => ok)) this.stats.lastError = undefined;
    for (const [i, parcel] of batch.entries()) this.#decide(parcel, results[i]!, atFault);
    return batch.filter(isOpen);
  }

  #decide({ parts }: Parcel, result: SendResult, atFault: 'refused' | 'busy'): void {
    if (!result.ok && !result.retryable && atFault === 'refused' && parts.length > 1) {
      // One of them is what the queue refuses: each goes again by itself.
      for (const { message } of parts) delete message.lines;
      this.#waiting.unshift(...parts.splice(0));
      return;
    }
    for (const entry of parts) {
      if (result.ok) entry.finish({ status: 'accepted' });
      else {
        const { code, reason, retryable } = result;
        entry.failure = { code, reason };
        if (!retryable) entry.finish({ status: atFault, ...entry.failure });
      }
    }
  }

  /** `problem`: of the last call of the queue. */
  #report(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#onEvent(problem === undefined ? { type: 'queue.recovered' } : { type: 'queue.failing', message: problem });
  }
}

const isOpen = ({ parts }: Parcel) => parts.some(({ isFinished }) => !isFinished);

/** What a relay says about itself is an attribute of the first one of a message. */
const canJoin = (first: Outgoing | undefined, { lines, attributes }: Outgoing): boolean =>
  lines !== undefined && first?.lines !== undefined && attributes?.[RELAY_ATTRIBUTE] === undefined;

/** As SQS counts: the body, and the names, types and values of the attributes, in bytes. */
function sizeOf({ body, attributes = {} }: OutgoingMessage): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, value] of Object.entries(attributes))
    bytes += name.length + 'String'.length + Buffer.byteLength(value);
  return bytes;
}
