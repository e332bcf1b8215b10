/**
 * The way of messages through the puller: several long polls → one group → store → fleet view → delete. A message is
 * deleted only after it is stored. One that can never be stored goes to the dead-letter queue with the reason.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../lib/async/backoff.js';
import { Exclusive, type Soon } from '../lib/async/exclusive.js';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { MAX_BATCH_COUNT, type Queue, type ReceivedMessage } from '../queue/queue.js';
import { createAcknowledger } from './acknowledger.js';
import { type Delivery, parseDeliveries, type Shard, WHOLE } from './delivery.js';
import type { FailureReporter, PullerEvent } from './failure-reporter.js';

export interface PipelineOptions {
  /** Long polls at the same time; more under load, see {@link MAX_LOAD_FACTOR}. Default: 4. */
  pollers?: number;
  /** Duration of a long poll. Default: 20. */
  waitSeconds?: number;
  /** Shortest time between two groups, in milliseconds. Default: 50. */
  lingerMs?: number;
  queue: Queue;
  /** What belongs into it. */
  shard?: Shard;
  /**
   * Stores a group, and returns the readings that were stored before; throws or rejects when it can't now, such as on a full
   * disk. Undefined: readings are only shown.
   */
  store: ((deliveries: Delivery[]) => Soon<Delivery[]>) | undefined;
  /** Called with what is stored, before it is deleted from the queue. `known`: those of them that were stored before; undefined: nobody can tell. */
  onStored(deliveries: Delivery[], known: ReadonlySet<Delivery> | undefined): void;
  /** Both run in it, as one. */
  storing?: Exclusive;
  onEvent(event: PullerEvent): void;
  failures: FailureReporter;
  /** Unix milliseconds. */
  now?: () => number;
}

export type PipelineStats = Pipeline['stats'];

interface Pending {
  message: ReceivedMessage;
  deliveries: Delivery[];
  /** An attempt to store it failed. It may have stored it all the same, unseen. */
  hasFailed?: true;
}

/** Errors of credentials and permissions last: retry slowly. */
const SLOW_RETRY = new Set(['QUEUE_CREDENTIALS', 'QUEUE_DENIED', 'QUEUE_NOT_FOUND']);
const SLOW_RETRY_MS = 10_000;
/** Time between two attempts to store a group. */
const STORE_RETRY_MS = 1000;
/** A group of this size does not linger. Each is a transaction that is written to disk, and some requests to delete. */
const FULL_GROUP = 50 * MAX_BATCH_COUNT;
/** While a slow store has so many still to take nothing more is received; they are in memory. */
const MAX_PENDING = 5_000;
const STORE_SLOW_MS = 20;
/** Under load there are up to this many times the usual number of polls. */
const MAX_LOAD_FACTOR = 4;
/** This many full answers in a row mean load; fewer may be one commit of the queue. */
const FULL_ANSWERS_UNDER_LOAD = 10;

export class Pipeline {
  readonly #options: Required<PipelineOptions>;
  readonly #failures: FailureReporter;
  readonly #acknowledger: ReturnType<typeof createAcknowledger>;
  readonly #stopping = new AbortController();
  readonly #polls = new Set<Promise<void>>();
  #received = 0;
  #lastSentAt: number;
  #fullInARow = 0;
  #pending: Pending[] = [];
  /** Deliveries in them. */
  #pendingCount = 0;
  #lastFlush = 0;
  #hasEnded = false;
  #timer: NodeJS.Timeout | undefined;
  /** Ends when the group that is being stored is dealt with. */
  #storing: Promise<void> | undefined;

  constructor(options: PipelineOptions) {
    this.#options = {
      pollers: 4,
      waitSeconds: 20,
      lingerMs: 50,
      now: () => Date.now(),
      storing: new Exclusive(),
      shard: WHOLE,
      ...options,
    };
    this.#failures = options.failures;
    this.#lastSentAt = this.#options.now();
    this.#acknowledger = createAcknowledger(options.queue, options.failures, options.onEvent);
    // Every poll listens to the signal, and a finished call may remove its listener a moment later.
    setMaxListeners(2 * this.#options.pollers * MAX_LOAD_FACTOR, this.#stopping.signal);
  }

  /** `deadLetteredBy`: by code, such as `NOT_JSON`. */
  get stats() {
    return { received: this.#received, ...this.#acknowledger.counts };
  }

  /** When the oldest of the messages that were received last was sent; Unix milliseconds. Before any: when this began. */
  get lastSentAt(): number {
    return this.#lastSentAt;
  }

  get #isStoreFailing(): boolean {
    return this.#failures.problemOf('accept') !== undefined;
  }

  start(): void {
    for (let i = 0; i < this.#options.pollers; i++) this.#addPoll('lasting');
  }

  /** Stops receiving; resolves when everything received has been handled. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#polls);
    await this.#storing;
    this.#flush();
    await this.#storing;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    await this.#acknowledger.finish();
  }

  #addPoll(kind: 'lasting' | 'extra'): void {
    const poll = this.#poll(kind).finally(() => this.#polls.delete(poll));
    this.#polls.add(poll);
  }

  /** An extra poll does not wait for messages and ends with the first answer that is not full. */
  async #poll(kind: 'lasting' | 'extra'): Promise<void> {
    const { signal } = this.#stopping;
    const waitSeconds = kind === 'extra' ? 0 : this.#options.waitSeconds;
    for (let failures = 0; !signal.aborted; ) {
      if (this.#isStoreFailing) {
        // Whatever is received meanwhile counts as a failed delivery and becomes a dead letter in the end.
        await this.#pause(STORE_RETRY_MS);
        continue;
      }
      if (this.#pendingCount > MAX_PENDING && this.#storing !== undefined) {
        await this.#pause(STORE_SLOW_MS);
        continue;
      }
      try {
        const messages = await this.#options.queue.receive({ waitSeconds, signal });
        this.#failures.succeeded('receive');
        failures = 0;
        this.#accept(messages);
        const full = messages.length === MAX_BATCH_COUNT;
        this.#adaptPolls(full);
        if (!full && kind === 'extra') return;
      } catch (error) {
        if (signal.aborted) return;
        this.#failures.failed('receive', messageOf(error));
        const slow = error instanceof AppError && SLOW_RETRY.has(error.code);
        await this.#pause(slow ? SLOW_RETRY_MS : jittered(failures++, 100, 2000));
      }
    }
  }

  #adaptPolls(full: boolean): void {
    this.#fullInARow = full ? this.#fullInARow + 1 : 0;
    const hasRoom = this.#polls.size < this.#options.pollers * MAX_LOAD_FACTOR;
    if (this.#fullInARow >= FULL_ANSWERS_UNDER_LOAD && hasRoom) this.#addPoll('extra');
  }

  #accept(messages: ReceivedMessage[]): void {
    this.#received += messages.length;
    const receivedAt = this.#options.now();
    if (messages.length > 0) this.#lastSentAt = Math.min(...messages.map(({ sentAt }) => sentAt));
    for (const message of messages) {
      const { deliveries, rejections } = parseDeliveries(message, receivedAt, this.#options.shard);
      const add = () => {
        this.#pending.push({ message, deliveries });
        this.#pendingCount += deliveries.length;
      };
      if (rejections.length === 0) add();
      // Of one that is good in part, the rest is stored once the dead letters are sent; if that fails, it is received again.
      else {
        const later = () => {
          add();
          this.#storeSoon();
        };
        this.#acknowledger.deadLetter(message, rejections, deliveries.length > 0 ? later : undefined);
      }
    }
    this.#storeSoon();
  }

  #storeSoon(): void {
    // While the store fails, the next attempt takes these, too; after the end, the next puller does.
    if (this.#isStoreFailing || this.#hasEnded) return;
    if (this.#pendingCount >= FULL_GROUP) this.#flush();
    else if (this.#pending.length > 0) this.#flushSoon();
  }

  /** After a quiet time at once; under load `lingerMs` after the last group. */
  #flushSoon(): void {
    const pause = this.#lastFlush + this.#options.lingerMs - performance.now();
    this.#timer ??= setTimeout(() => this.#flush(), Math.max(0, pause));
  }

  /** Stores what waits, one group at a time. */
  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#storing !== undefined) return;
    this.#lastFlush = performance.now();
    if (this.#pending.length === 0) return;
    const group = this.#pending;
    this.#pending = [];
    this.#pendingCount = 0;
    try {
      const stored = this.#options.storing.run(() => this.#store(group));
      if (stored instanceof Promise) this.#storing = this.#end(group, stored);
      else this.#succeeded(group);
    } catch (error) {
      this.#failed(group, error);
    }
  }

  #store(group: Pending[]): Soon<void> {
    const { store, onStored } = this.#options;
    const deliveries = group.flatMap((one) => one.deliveries);
    const isSure = group.every((one) => !one.hasFailed);
    const end = (known: Delivery[]) => onStored(deliveries, isSure ? new Set(known) : undefined);
    if (!store) return onStored(deliveries, undefined);
    const stored = store(deliveries);
    return stored instanceof Promise ? stored.then(end) : end(stored);
  }

  async #end(group: Pending[], stored: Promise<void>): Promise<void> {
    try {
      await stored;
      this.#storing = undefined;
      this.#succeeded(group);
      if (this.#pendingCount >= FULL_GROUP) this.#flush();
      else if (this.#pending.length > 0) this.#flushSoon();
    } catch (error) {
      this.#storing = undefined;
      this.#failed(group, error);
    }
  }

  #succeeded(group: Pending[]): void {
    this.#failures.succeeded('accept');
    this.#acknowledger.delete(group.map(({ message }) => message));
  }

  /** Nothing is deleted: it is tried again, and after a stop the queue delivers it again. */
  #failed(group: Pending[], error: unknown): void {
    for (const one of group) one.hasFailed = true;
    this.#pending = [...group, ...this.#pending];
    this.#pendingCount = this.#pending.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
    this.#failures.failed('accept', messageOf(error));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), STORE_RETRY_MS);
  }

  /** Ends early when the puller stops. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }
}
