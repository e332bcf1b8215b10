/**
 * The pipeline of the puller: several long polls → one group → sinks → delete. A message is deleted only after every
 * required sink has accepted it. A message that no sink can ever accept goes to the dead-letter queue with the reason.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../lib/async/backoff.js';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { MAX_BATCH_COUNT, type Queue, type ReceivedMessage } from '../queue/queue.js';
import { Acknowledger } from './acknowledger.js';
import { DeadLetterLog, type Rejection } from './alerts/dead-letter-log.js';
import { FailureReporter, type PullerEvent } from './failure-reporter.js';
import { parseDelivery } from './parse-delivery.js';
import type { Delivery, Sink } from './sink.js';

export interface PullerOptions {
  queue: Queue;
  sinks: Sink[];
  /** Called with what the required sinks have accepted, before it is deleted from the queue. */
  onAccepted(deliveries: Delivery[]): void;
  onEvent(event: PullerEvent): void;
  /** Unix milliseconds. */
  now?: () => number;
  polling?: PollingOptions;
}

export interface PollingOptions {
  /** Long polls at the same time; more under load, see {@link MAX_LOAD_FACTOR}. Default: 4. */
  pollers?: number;
  /** Duration of a long poll. Default: 20. */
  waitSeconds?: number;
  /** Shortest time between two groups, in milliseconds. Default: 20. */
  lingerMs?: number;
}

export interface PullerStats {
  received: number;
  deleted: number;
  deadLettered: number;
  /** By code, such as `NOT_JSON`. */
  deadLetteredBy: Partial<Record<Rejection['code'], number>>;
  failures: number;
  /** Why something fails now; undefined: all works. */
  lastError: string | undefined;
}

interface Pending {
  message: ReceivedMessage;
  delivery: Delivery;
}

/** Errors of credentials and permissions last: retry slowly. */
const SLOW_RETRY = new Set(['QUEUE_CREDENTIALS', 'QUEUE_DENIED', 'QUEUE_NOT_FOUND']);
const SLOW_RETRY_MS = 10_000;
/** Time between two attempts to hand a group to a required sink. */
const SINK_RETRY_MS = 1000;
/** Polling pauses while more messages than this wait for the sinks. */
const MAX_PENDING = 2_000;
/** A group of this size does not linger. */
const FULL_GROUP = 20 * MAX_BATCH_COUNT;
/** Under load there are up to this many times the usual number of polls. */
const MAX_LOAD_FACTOR = 4;
/** This many full answers in a row mean load; fewer may be one commit of the queue. */
const FULL_ANSWERS_UNDER_LOAD = 10;

export class Puller {
  readonly #options: PullerOptions;
  readonly #polling: Required<PollingOptions>;
  readonly #failures: FailureReporter;
  readonly #deadLetters: DeadLetterLog;
  readonly #acknowledger: Acknowledger;
  readonly #stopping = new AbortController();
  readonly #polls = new Set<Promise<void>>();
  #received = 0;
  #fullInARow = 0;
  #pending: Pending[] = [];
  #flushing: Promise<void> | undefined;
  #lastFlush = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PullerOptions) {
    this.#options = options;
    this.#polling = { pollers: 4, waitSeconds: 20, lingerMs: 20, ...options.polling };
    this.#failures = new FailureReporter(options.onEvent);
    this.#deadLetters = new DeadLetterLog(options.onEvent);
    this.#acknowledger = new Acknowledger(options.queue, this.#failures, this.#deadLetters);
    // Every poll listens to the signal, and a finished call may remove its listener a moment later.
    setMaxListeners(2 * this.#polling.pollers * MAX_LOAD_FACTOR, this.#stopping.signal);
  }

  get stats(): PullerStats {
    const { deleted, deadLettered } = this.#acknowledger;
    const { count, lastError } = this.#failures;
    return {
      received: this.#received,
      deleted,
      deadLettered,
      deadLetteredBy: { ...this.#deadLetters.counts },
      failures: count,
      lastError,
    };
  }

  /** Failures by task since the start. */
  get failures(): Record<string, number> {
    return this.#failures.counts;
  }

  /** Why nothing is accepted now, so that messages stay in the queue. */
  get problem(): string | undefined {
    return this.#failures.problemOf('accept');
  }

  start(): void {
    for (let i = 0; i < this.#polling.pollers; i++) this.#addPoll('lasting');
  }

  /** Stops receiving; resolves when everything received has been handled. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#polls);
    while (this.#pending.length > 0 || this.#flushing !== undefined) await this.#flush();
    await this.#acknowledger.finish();
  }

  #addPoll(kind: 'lasting' | 'extra'): void {
    const poll = this.#poll(kind).finally(() => this.#polls.delete(poll));
    this.#polls.add(poll);
  }

  /** An extra poll does not wait for messages and ends with the first answer that is not full. */
  async #poll(kind: 'lasting' | 'extra'): Promise<void> {
    const { signal } = this.#stopping;
    const waitSeconds = kind === 'extra' ? 0 : this.#polling.waitSeconds;
    for (let failures = 0; !signal.aborted; ) {
      // Whatever is received while no sink accepts it counts as a failed delivery and becomes a dead letter in the end.
      if (this.#failures.isFailing('accept')) await this.#flushing;
      if (signal.aborted) return;
      try {
        const messages = await this.#options.queue.receive({ waitSeconds, signal });
        this.#failures.succeeded('receive');
        failures = 0;
        this.#accept(messages);
        const full = messages.length === MAX_BATCH_COUNT;
        this.#adaptPolls(full);
        if (!full && kind === 'extra') return;
        while (this.#pending.length > MAX_PENDING && !signal.aborted) await this.#flush();
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
    const hasRoom = this.#polls.size < this.#polling.pollers * MAX_LOAD_FACTOR;
    if (this.#fullInARow >= FULL_ANSWERS_UNDER_LOAD && hasRoom) this.#addPoll('extra');
  }

  #accept(messages: ReceivedMessage[]): void {
    this.#received += messages.length;
    const receivedAt = (this.#options.now ?? Date.now)();
    for (const message of messages) {
      const delivery = parseDelivery(message, receivedAt);
      if ('code' in delivery) this.#acknowledger.deadLetter(message, delivery);
      else this.#pending.push({ message, delivery });
    }
    if (this.#pending.length >= FULL_GROUP) void this.#flush();
    else if (this.#pending.length > 0) this.#flushSoon();
  }

  /** After a quiet time at once; under load `lingerMs` after the last group. */
  #flushSoon(): void {
    const pause = this.#lastFlush + this.#polling.lingerMs - performance.now();
    this.#timer ??= setTimeout(
      () => {
        // Also while a group is being handled: the end of that group must be able to set the next timer.
        this.#timer = undefined;
        void this.#flush();
      },
      Math.max(0, pause),
    );
  }

  async #flush(): Promise<void> {
    if (this.#flushing !== undefined) return this.#flushing;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastFlush = performance.now();
    const group = this.#pending.splice(0);
    if (group.length === 0) return;
    this.#flushing = this.#handle(group).finally(() => {
      this.#flushing = undefined;
      if (this.#pending.length > 0) this.#flushSoon();
    });
    return this.#flushing;
  }

  async #handle(group: Pending[]): Promise<void> {
    const deliveries = group.map(({ delivery }) => delivery);
    const refused = await this.#untilAccepted(deliveries);
    // Nothing is deleted: the queue delivers the group again after its visibility timeout.
    if (!refused) return;
    const accepted = group.filter(({ delivery }) => !refused.has(delivery));
    this.#options.onAccepted(accepted.map(({ delivery }) => delivery));
    await this.#offerToOptional(deliveries);
    for (const { message, delivery } of group) {
      const reason = refused.get(delivery);
      if (reason !== undefined) this.#acknowledger.deadLetter(message, { code: 'REFUSED_BY_SINK', reason });
    }
    this.#acknowledger.delete(accepted.map(({ message }) => message));
  }

  /** Retries until the required sinks accept the group; returns what they refuse forever. Undefined after a stop. */
  async #untilAccepted(deliveries: Delivery[]): Promise<Map<Delivery, string> | undefined> {
    for (;;) {
      try {
        const refused = await this.#offerToRequired(deliveries);
        this.#failures.succeeded('accept');
        return refused;
      } catch (error) {
        this.#failures.failed('accept', messageOf(error));
      }
      if (this.#stopping.signal.aborted) return undefined;
      await this.#pause(SINK_RETRY_MS);
    }
  }

  async #offerToRequired(deliveries: Delivery[]): Promise<Map<Delivery, string>> {
    const refused = new Map<Delivery, string>();
    for (const sink of this.#options.sinks.filter(({ required }) => required)) {
      const results = await sink.accept(deliveries);
      for (const [i, delivery] of deliveries.entries()) {
        if (results[i] !== undefined) refused.set(delivery, `${sink.name}: ${results[i]}`);
      }
    }
    return refused;
  }

  async #offerToOptional(deliveries: Delivery[]): Promise<void> {
    for (const sink of this.#options.sinks.filter(({ required }) => !required)) {
      try {
        await sink.accept(deliveries);
        this.#failures.succeeded(`sink:${sink.name}`);
      } catch (error) {
        this.#failures.failed(`sink:${sink.name}`, messageOf(error));
      }
    }
  }

  /** Ends early when the puller stops. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }
}
