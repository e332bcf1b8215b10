/**
 * Collects messages of many requests into full batches for the queue. A message's promise resolves when the queue has
 * accepted it. What the queue does not accept in time is refused: the sender keeps it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../lib/async/backoff.js';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_COUNT,
  type OutgoingMessage,
  type QueueToSend,
  type SendResult,
} from '../queue/queue.js';

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
};
export type BatcherOptions = Partial<typeof LIMITS>;

/** `busy`: not accepted, try again later. `refused`: the queue will never accept it. */
export type Outcome = { status: 'accepted' } | { status: 'busy' | 'refused'; code: string; reason: string };

interface Waiting {
  message: OutgoingMessage;
  bytes: number;
  isFinished: boolean;
  failure?: { code: string; reason: string };
  /** Only the first outcome counts. */
  finish(outcome: Outcome): void;
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
  #heldBytes = 0;
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
    this.#limits = { ...LIMITS, ...options };
  }

  /** Never rejects. */
  add(message: OutgoingMessage): Promise<Outcome> {
    this.#forgetFinished();
    const bytes = sizeOf(message);
    if (this.#waiting.length >= this.#limits.maxWaiting || this.#heldBytes + bytes > this.#limits.maxBytes) {
      return Promise.resolve({ status: 'busy', code: 'OVERLOADED', reason: 'too many readings wait for the queue' });
    }
    this.#heldBytes += bytes;
    return new Promise((resolve) => {
      const entry: Waiting = {
        message,
        bytes,
        isFinished: false,
        finish: (outcome) => {
          if (!entry.isFinished) this.#heldBytes -= bytes;
          entry.isFinished = true;
          clearTimeout(timeout);
          resolve(outcome);
        },
      };
      // The queue may also hold a request for longer than a sender waits.
      const timeout = setTimeout(() => {
        const reason = `the queue does not keep up: ${this.stats.lastError ?? 'it is slow'}`;
        entry.finish({ status: 'busy', ...(entry.failure ?? { code: 'QUEUE_SLOW', reason }) });
      }, this.#limits.giveUpMs);
      this.#waiting.push(entry);
      this.stats.waiting = this.#waiting.length;
      if (this.#waiting.length >= MAX_BATCH_COUNT) this.#flush();
      else if (!this.#isDue) this.#timer ??= setTimeout(() => this.#expire(), this.#lingerMs);
    });
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
    return this.stats.inFlight > 0 ? 4 * this.#limits.lingerMs : this.#limits.lingerMs;
  }

  #expire(): void {
    this.#isDue = true;
    this.#flush();
  }

  /** Sends full batches, and what is due. */
  #flush(): void {
    const isReady = () => this.#waiting.length >= MAX_BATCH_COUNT || (this.#isDue && this.#waiting.length > 0);
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
  #take(): Waiting[] {
    this.#forgetFinished();
    let bytes = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      bytes += entry.bytes;
      if (count === MAX_BATCH_COUNT || (count > 0 && bytes > MAX_BATCH_BYTES)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #sendBatch(batch: Waiting[]): Promise<void> {
    this.stats.inFlight++;
    let left = batch;
    for (let attempt = 0; left.length > 0; attempt++) {
      left = await this.#tryOnce(left);
      if (left.length === 0) break;
      this.stats.retries++;
      await sleep(jittered(attempt, 50, 2000));
      left = left.filter(({ isFinished }) => !isFinished);
    }
    this.stats.inFlight--;
    if (this.#waiting.length > 0) this.#flush();
  }

  /** Sends once and finishes what is decided; resolves with the messages that are worth a retry. */
  async #tryOnce(batch: Waiting[]): Promise<Waiting[]> {
    let results: SendResult[];
    // Where the whole request fails for good, the operator has to fix it. The messages are good, so their senders keep them.
    let atFault: 'refused' | 'busy' = 'refused';
    this.stats.batches++;
    const began = performance.now();
    try {
      results = await this.#queue.send(batch.map((entry) => entry.message));
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
    return batch.filter((entry, i) => {
      const result = results[i]!;
      if (result.ok) entry.finish({ status: 'accepted' });
      else {
        const { code, reason, retryable } = result;
        entry.failure = { code, reason };
        if (!retryable) entry.finish({ status: atFault, ...entry.failure });
      }
      return !entry.isFinished;
    });
  }

  /** `problem`: of the last call of the queue. */
  #report(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#onEvent(problem === undefined ? { type: 'queue.recovered' } : { type: 'queue.failing', message: problem });
  }
}

/** As SQS counts: the body, and the names, types and values of the attributes, in bytes. */
function sizeOf({ body, attributes = {} }: OutgoingMessage): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, value] of Object.entries(attributes))
    bytes += name.length + 'String'.length + Buffer.byteLength(value);
  return bytes;
}
