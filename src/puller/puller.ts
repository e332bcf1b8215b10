/** The puller as a whole: pipeline, store, fleet view, alerts and the HTTP API. */
import { escapeControls } from '../lib/control-characters.js';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { ElapsedClock } from '../lib/time/elapsed-clock.js';
import type { Queue, QueueDepth, QueueServerState } from '../queue/queue.js';
import { samplesOf } from '../store/history.js';
import { openStore } from '../store/open-store.js';
import type { Retention } from '../store/store.js';
import { type AlertOptions, openAlerts } from './alerts/alerts.js';
import type { FleetControls } from './controls/fleet-controls.js';
import type { Delivery } from './delivery.js';
import { EventHub } from './events/event-hub.js';
import { FailureReporter, type PullerEvent } from './failure-reporter.js';
import { type FleetReader, localFleet } from './fleet-client.js';
import { Pipeline } from './pipeline.js';
import { createPullerApp, type PullerHttpOptions } from './puller-app.js';
import { restoreFleet } from './restore-fleet.js';
import { keepStore } from './store-upkeep.js';

export interface PullerOptions {
  queue: Queue;
  pollers: number;
  sinks: SinkOptions;
  http: PullerHttpOptions;
  /** What the page may ask and change elsewhere; gets the fleet view, and how to say that a region was cut on purpose. */
  controls?(fleet: FleetReader, markLink: (region: string, connected: boolean) => void): FleetControls;
  onEvent(event: PullerEvent): void;
}

export interface SinkOptions {
  /** Without a store readings are only shown. */
  store?: StoreOptions | undefined;
  log?: ((text: string) => void) | undefined;
  alert?: AlertOptions | undefined;
}

export interface StoreOptions {
  path: string;
  retentionMs: Retention;
  /** File of `takeEndedNetwork`. */
  endedNetwork?: string | undefined;
}

const SUMMARY_EVERY_MS = 1_000;
/** Amazon bills each request: 500,000 a month cost about $0.20. */
const SAMPLE_EVERY_MS = 5_000;

export type Puller = Awaited<ReturnType<typeof createPuller>>;

/** Rejects with `STORE_UNUSABLE`. */
export async function createPuller({ queue, pollers, sinks, http, controls, onEvent }: PullerOptions) {
  const store = sinks.store && (await openStore(sinks.store.path, onEvent));
  const hub = store ? await restoreFleet(store, Date.now(), sinks.store?.endedNetwork) : new EventHub();
  // Without a store it sees what comes from now on.
  if (!store) hub.fleet.began = Date.now();
  const failures = new FailureReporter(onEvent);
  const watch = watchQueue(queue, failures);
  const alerts =
    sinks.alert &&
    openAlerts(
      sinks.alert,
      (alert) => hub.publish(alert),
      (message) => onEvent({ type: 'webhook.failed', message }),
    );
  const clock = store?.clock ?? new ElapsedClock(undefined);
  const { log } = sinks;
  const pipeline = new Pipeline({
    queue,
    store: store && ((deliveries) => store.append(deliveries)),
    onStored(deliveries) {
      hub.record(deliveries, now());
      log?.(logLines(deliveries));
    },
    storing: hub.storing,
    onEvent(event) {
      onEvent(event);
      if (event.type === 'puller.dead-letters') void watch.countDeadLetters();
    },
    failures,
    now,
    pollers,
  });
  const upkeep = store && keepStore({ store, hub, now, retention: sinks.store!.retentionMs, failures, onEvent });
  const closed = new AbortController();
  const timers: NodeJS.Timeout[] = [];

  /**
   * Unix milliseconds. When somebody sets the wall clock, the times in the view move with it, in the same moment: otherwise
   * sensors would be silent or forgotten, or never fall silent, because of a clock.
   */
  function now(): number {
    const { pendingMs, unsureSince } = clock;
    const event = clock.check();
    if (event) onEvent(event);
    // What was before the start was moved when it was restored.
    if (event && !event.whileStopped && event.type !== 'clock-step-confirmed') {
      const by = clock.pendingMs - pendingMs;
      hub.fleet.shiftTimes(by, unsureSince);
      hub.fleet.limitLastSeen(Date.now());
      alerts?.shiftTimes(by);
    }
    return Date.now();
  }

  /** Why readings can't be accepted now. */
  const problem = () => failures.problemOf('accept') ?? failures.problemOf('check-store');

  function publishSummary(): void {
    const summary = hub.fleet.summary(now());
    hub.publish({ event: 'summary', summary });
    const { queueServer, deadLetters } = watch.known;
    alerts?.update(summary, {
      store: store?.stats,
      storeProblem: problem(),
      clockAheadMs: clock.aheadMs,
      queueServer,
      deadLetters,
    });
  }

  async function sample(): Promise<void> {
    const depth = await watch.check();
    if (closed.signal.aborted) return;
    const ofQueue = depth === undefined ? [] : [{ metric: 'queue.depth', region: '', value: depth }];
    void upkeep?.addSamples([...ofQueue, ...samplesOf(hub.fleet.summary(now()).regions)]);
  }

  return {
    app: createPullerApp({
      saveView: upkeep?.saveCheckpoint,
      queue,
      hub,
      store,
      firing: alerts?.firing ?? (() => []),
      stats: () => ({
        ...pipeline.stats,
        failures: failures.count,
        lastError: failures.lastError,
        deadLetters: watch.known.deadLetters,
        store: store?.stats,
        clockAheadMs: clock.aheadMs,
        queueServer: watch.known.queueServer,
      }),
      failures: () => failures.counts,
      problem,
      now,
      controls: controls?.(localFleet(hub.fleet, now), (region, connected) =>
        hub.fleet.setRegionLink(region, connected),
      ),
      closed: closed.signal,
      http,
    }),
    start(): void {
      pipeline.start();
      void sample();
      timers.push(setInterval(sample, SAMPLE_EVERY_MS), setInterval(publishSummary, SUMMARY_EVERY_MS));
      upkeep?.start();
    },
    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      upkeep?.pause();
      closed.abort();
      await pipeline.stop();
      await upkeep?.close();
    },
  };
}

/** Lasting refusals of the dead-letter queue alone. An outage of the queue is reported by those who receive. */
const LASTING = new Set(['QUEUE_DENIED', 'QUEUE_NOT_FOUND', 'QUEUE_ERROR']);
const messagesIn = ({ visible, inFlight, delayed }: QueueDepth): number => visible + inFlight + delayed;

/**
 * Asks the queue how it is. `known.queueServer`: what its server said last, also while it does not answer. `known.deadLetters`:
 * messages in the dead-letter queue; undefined where that is not known, or there is no such queue.
 */
function watchQueue(queue: Queue, failures: FailureReporter) {
  const known: { queueServer?: QueueServerState | undefined; deadLetters?: number | undefined } = {};

  async function countDeadLetters(): Promise<void> {
    try {
      const depth = await queue.deadLetterDepth();
      known.deadLetters = depth && messagesIn(depth);
      failures.succeeded('count-dead-letters');
    } catch (error) {
      known.deadLetters = undefined;
      const isLasting = error instanceof AppError && LASTING.has(error.code);
      if (isLasting) failures.failed('count-dead-letters', messageOf(error));
    }
  }

  /** Resolves with the messages in the queue; undefined: it did not answer. */
  async function check(): Promise<number | undefined> {
    const depth = queue.depth().then(messagesIn, () => undefined);
    const state = queue.serverState?.().then((of) => {
      known.queueServer = of;
    });
    await Promise.allSettled([countDeadLetters(), state]);
    return depth;
  }

  return { known, countDeadLetters, check };
}

/** A line of JSON for each message, safe for terminals. Outside of its strings JSON may have line breaks. */
const logLines = (deliveries: Delivery[]): string =>
  deliveries.map(({ body }) => `${escapeControls(body.replace(/[\t\n\r]/g, ' '))}\n`).join('');
