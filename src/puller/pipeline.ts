/**
 * The way of messages through the puller: several long polls → one group → store → fleet view → delete. A message is
 * deleted only after it is stored. One that can never be stored goes to the dead-letter queue with the reason.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../lib/async/backoff.js';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { MAX_BATCH_COUNT, type Queue, type ReceivedMessage } from '../queue/queue.js';
import { createAcknowledger } from './acknowledger.js';
import { type Delivery, parseDeliveries } from './delivery.js';
import type { FailureReporter, PullerEvent } from './failure-reporter.js';

export interface PipelineOptions {
  /** Long polls at the same time; more under load, see {@link MAX_LOAD_FACTOR}. Default: 4. */
  pollers?: number;
  /** Duration of a long poll. Default: 20. */
  waitSeconds?: number;
  /** Shortest time between two groups, in milliseconds. Default: 20. */
  lingerMs?: number;
  queue: Queue;
  /** Stores a group; throws when it can't now, such as on a full disk. Undefined: readings are only shown. */
  store: ((deliveries: Delivery[]) => void) | undefined;
  /** Called with what is stored, before it is deleted from the queue. */
  onStored(deliveries: Delivery[]): void;
  onEvent(event: PullerEvent): void;
  failures: FailureReporter;
  /** Unix milliseconds. */
  now?: () => number;
}

export type Pipeline = ReturnType<typeof createPipeline>;
export type PipelineStats = Pipeline['stats'];

interface Pending {
  message: ReceivedMessage;
  deliveries: Delivery[];
}

/** Errors of credentials and permissions last: retry slowly. */
const SLOW_RETRY = new Set(['QUEUE_CREDENTIALS', 'QUEUE_DENIED', 'QUEUE_NOT_FOUND']);
const SLOW_RETRY_MS = 10_000;
/** Time between two attempts to store a group. */
const STORE_RETRY_MS = 1000;
/** A group of this size does not linger. */
const FULL_GROUP = 20 * MAX_BATCH_COUNT;
/** Under load there are up to this many times the usual number of polls. */
const MAX_LOAD_FACTOR = 4;
/** This many full answers in a row mean load; fewer may be one commit of the queue. */
const FULL_ANSWERS_UNDER_LOAD = 10;

export function createPipeline({ queue, store, onStored, onEvent, failures, ...options }: PipelineOptions) {
  const { pollers = 4, waitSeconds: longPoll = 20, lingerMs = 20, now = Date.now } = options;
  const acknowledger = createAcknowledger(queue, failures, onEvent);
  const stopping = new AbortController();
  const { signal } = stopping;
  // Every poll listens to the signal, and a finished call may remove its listener a moment later.
  setMaxListeners(2 * pollers * MAX_LOAD_FACTOR, signal);
  const polls = new Set<Promise<void>>();
  let received = 0;
  let fullInARow = 0;
  let pending: Pending[] = [];
  /** Deliveries in them. */
  let pendingCount = 0;
  let lastFlush = 0;
  let timer: NodeJS.Timeout | undefined;

  const isStoreFailing = () => failures.problemOf('accept') !== undefined;

  function addPoll(kind: 'lasting' | 'extra'): void {
    const running = poll(kind).finally(() => polls.delete(running));
    polls.add(running);
  }

  /** An extra poll does not wait for messages and ends with the first answer that is not full. */
  async function poll(kind: 'lasting' | 'extra'): Promise<void> {
    const waitSeconds = kind === 'extra' ? 0 : longPoll;
    for (let failed = 0; !signal.aborted; ) {
      if (isStoreFailing()) {
        // Whatever is received meanwhile counts as a failed delivery and becomes a dead letter in the end.
        await pause(STORE_RETRY_MS);
        continue;
      }
      try {
        const messages = await queue.receive({ waitSeconds, signal });
        failures.succeeded('receive');
        failed = 0;
        accept(messages);
        const full = messages.length === MAX_BATCH_COUNT;
        adaptPolls(full);
        if (!full && kind === 'extra') return;
      } catch (error) {
        if (signal.aborted) return;
        failures.failed('receive', messageOf(error));
        const slow = error instanceof AppError && SLOW_RETRY.has(error.code);
        await pause(slow ? SLOW_RETRY_MS : jittered(failed++, 100, 2000));
      }
    }
  }

  function adaptPolls(full: boolean): void {
    fullInARow = full ? fullInARow + 1 : 0;
    const hasRoom = polls.size < pollers * MAX_LOAD_FACTOR;
    if (fullInARow >= FULL_ANSWERS_UNDER_LOAD && hasRoom) addPoll('extra');
  }

  function accept(messages: ReceivedMessage[]): void {
    received += messages.length;
    const receivedAt = now();
    for (const message of messages) {
      const { deliveries, rejections } = parseDeliveries(message, receivedAt);
      const add = () => {
        pending.push({ message, deliveries });
        pendingCount += deliveries.length;
      };
      if (rejections.length === 0) add();
      // Of one that is good in part, the rest is stored once the dead letters are sent; if that fails, it is received again.
      else acknowledger.deadLetter(message, rejections, deliveries.length > 0 ? add : undefined);
    }
    // While the store fails, the next attempt takes these, too.
    if (isStoreFailing()) return;
    if (pendingCount >= FULL_GROUP) flush();
    else if (pending.length > 0) flushSoon();
  }

  /** After a quiet time at once; under load `lingerMs` after the last group. */
  function flushSoon(): void {
    timer ??= setTimeout(flush, Math.max(0, lastFlush + lingerMs - performance.now()));
  }

  /** Stores what waits. Where that fails, nothing is deleted and the queue delivers it again after a stop. */
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    lastFlush = performance.now();
    if (pending.length === 0) return;
    const deliveries = pending.flatMap((one) => one.deliveries);
    try {
      store?.(deliveries);
      failures.succeeded('accept');
    } catch (error) {
      failures.failed('accept', messageOf(error));
      timer = setTimeout(flush, STORE_RETRY_MS);
      return;
    }
    const messages = pending.map(({ message }) => message);
    pending = [];
    pendingCount = 0;
    onStored(deliveries);
    acknowledger.delete(messages);
  }

  /** Ends early when the puller stops. */
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {});

  return {
    /** `deadLetteredBy`: by code, such as `NOT_JSON`. */
    get stats() {
      return { received, ...acknowledger.counts };
    },

    start(): void {
      for (let i = 0; i < pollers; i++) addPoll('lasting');
    },

    /** Stops receiving; resolves when everything received has been handled. */
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all(polls);
      flush();
      clearTimeout(timer);
      await acknowledger.finish();
    },
  };
}
