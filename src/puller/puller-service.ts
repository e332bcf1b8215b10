/** The puller as a whole: pipeline, sinks, fleet view, alerts, retention and the HTTP API. */
import type { Hono } from 'hono';
import type { AlertEvent } from '../fleet/fleet-events.js';
import { messageOf } from '../lib/errors/app-error.js';
import { longWork } from '../lib/process/long-work.js';
import { ElapsedClock } from '../lib/time/elapsed-clock.js';
import type { Queue } from '../queue/queue.js';
import { SqliteStore } from '../store/sqlite/sqlite-store.js';
import type { Retention } from '../store/store.js';
import { ConditionAlerts } from './alerts/condition-alerts.js';
import { DeadLetterWatch } from './alerts/dead-letter-watch.js';
import { SilenceAlerts } from './alerts/silence-alerts.js';
import { Webhook } from './alerts/webhook.js';
import { ClockWatch } from './clock-watch.js';
import type { FleetControls } from './controls/fleet-controls.js';
import { EventHub } from './events/event-hub.js';
import { FailureReporter, type PullerEvent } from './failure-reporter.js';
import type { FleetReader } from './fleet-client.js';
import { localFleet } from './local-fleet.js';
import { Puller } from './puller.js';
import { createPullerApp, type PullerHttpOptions } from './puller-app.js';
import { QueueServerWatch } from './queue-server-watch.js';
import { LogSink, type Sink, StoreSink } from './sink.js';
import { restoreFleet } from './stored-fleet.js';

export interface PullerServiceOptions {
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
  /** Writes the lines of the log sink. */
  log?: ((text: string) => void) | undefined;
  alert?: AlertOptions | undefined;
}

export interface StoreOptions {
  path: string;
  retentionMs: Retention;
  /** File of `takeEndedNetwork`. */
  endedNetwork?: string | undefined;
}

export interface AlertOptions {
  afterSeconds: number;
  /** URL to which alerts are posted as JSON. */
  webhook?: string | undefined;
  onAlert(alert: AlertEvent): void;
}

export interface PullerService {
  app: Hono;
  start(): void;
  stop(): Promise<void>;
}

const SUMMARY_EVERY_MS = 1_000;
/** Amazon bills each look: 500,000 a month cost about $0.20. */
const QUEUE_EVERY_MS = 5_000;
const CHECKPOINT_EVERY_MS = 30_000;
/** Checks and retention. */
const STORE_EVERY_MS = 1_000;
/** Time between two pieces of work on the roll-ups, of some milliseconds each. */
const ROLL_UP_EVERY_MS = 1_000;
const ROLL_UP_BUSY_MS = 40;
/** What takes longer at the end, the next start does. */
const ROLL_UP_AT_END_MS = 1_000;

/** Throws `STORE_UNUSABLE`. */
export function createPullerService({
  queue,
  pollers,
  sinks,
  http,
  controls,
  onEvent,
}: PullerServiceOptions): PullerService {
  const store = sinks.store && new SqliteStore(sinks.store.path, onEvent);
  const hub = store ? longWork(() => restoreFleet(store, Date.now(), sinks.store?.endedNetwork)) : new EventHub();
  // Without a store it sees what comes from now on.
  if (!store) hub.fleet.began = Date.now();
  const clock = store?.clock ?? new ElapsedClock(undefined);
  const silence = sinks.alert && new SilenceAlerts(sinks.alert.afterSeconds, Date.now());
  const shiftTimes = (by: number, since: number | undefined) => {
    hub.fleet.shiftTimes(by, since);
    hub.fleet.limitLastSeen(Date.now());
    silence?.shiftTimes(by);
  };
  const time = new ClockWatch(clock, shiftTimes, onEvent);
  const active: Sink[] = [...(store ? [new StoreSink(store)] : []), ...(sinks.log ? [new LogSink(sinks.log)] : [])];
  const puller = new Puller({
    queue,
    sinks: active,
    onAccepted: (deliveries) => hub.record(deliveries, time.now()),
    onEvent(event) {
      onEvent(event);
      if (event.type === 'puller.dead-letters') void checkDeadLetters();
    },
    now: () => time.now(),
    polling: { pollers },
  });
  const conditions = new ConditionAlerts();
  const webhookUrl = sinks.alert?.webhook;
  const webhook =
    webhookUrl === undefined
      ? undefined
      : new Webhook(webhookUrl, (message) => onEvent({ type: 'webhook.failed', message }));
  const closed = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const maintenance = new FailureReporter(onEvent);
  let damagedRows = 0;
  const deadLetters = new DeadLetterWatch(queue, maintenance);
  const queueServer = new QueueServerWatch(queue);

  function publishSummary(): void {
    const summary = hub.fleet.summary(time.now());
    hub.publish({ event: 'summary', summary });
    publishAlerts(silence?.update(summary) ?? []);
    if (!sinks.alert) return;
    const now = { store: store?.stats, clockAheadMs: time.aheadMs, queueServer: queueServer.state };
    publishAlerts(conditions.update(now, summary.time));
  }

  function publishAlerts(changed: AlertEvent[]): void {
    for (const alert of changed) {
      hub.publish(alert);
      sinks.alert?.onAlert(alert);
    }
    webhook?.post(changed);
  }

  async function checkDeadLetters(): Promise<void> {
    const alert = await deadLetters.check(() => time.now());
    if (alert && sinks.alert) publishAlerts([alert]);
  }

  function checkQueue(): void {
    void checkDeadLetters();
    void queueServer.check();
    if (store) void sampleDepth(store);
  }

  async function sampleDepth(to: SqliteStore): Promise<void> {
    // An outage of the queue is reported by those who receive.
    const depth = await queue.depth().catch(() => undefined);
    if (!depth || closed.signal.aborted) return;
    maintain('roll-up', () => to.addDepth(depth.visible + depth.inFlight + depth.delayed, time.now()));
  }

  /** A full disk or a locked store must not stop the puller. */
  function maintain(task: 'checkpoint' | 'retention' | 'check-store' | 'roll-up', work: () => void): void {
    try {
      work();
      maintenance.succeeded(task);
    } catch (error) {
      maintenance.failed(task, messageOf(error));
    }
  }

  const saveCheckpoint = () =>
    maintain('checkpoint', () => {
      hub.fleet.prune(time.confirmed());
      store?.saveCheckpoint(hub.fleet.dump());
    });

  function maintainStore(to: SqliteStore, retention: Retention): void {
    maintain('check-store', () => {
      to.check();
      const count = to.stats.damagedRows;
      if (count > damagedRows) onEvent({ type: 'store.damaged-rows', count });
      damagedRows = count;
    });
    maintain('retention', () => to.forget(retention));
  }

  let rollUpTimer: NodeJS.Timeout | undefined;
  function rollUp(to: SqliteStore): void {
    let isBusy = false;
    maintain('roll-up', () => {
      isBusy = to.rollUp(Date.now());
    });
    rollUpTimer = setTimeout(() => rollUp(to), isBusy ? ROLL_UP_BUSY_MS : ROLL_UP_EVERY_MS);
  }

  const firing = (): AlertEvent[] =>
    sinks.alert
      ? [...(deadLetters.firing ? [deadLetters.firing] : []), ...conditions.firing, ...(silence?.firing ?? [])]
      : [];

  return {
    app: createPullerApp({
      queue,
      fleet: { hub, store, firing },
      stats: () => ({
        ...puller.stats,
        deadLetters: deadLetters.count,
        store: store?.stats,
        clockAheadMs: time.aheadMs,
        queueServer: queueServer.state,
      }),
      failures: () => ({ ...puller.failures, ...maintenance.counts }),
      problem: () => puller.problem ?? maintenance.problemOf('check-store'),
      now: () => time.now(),
      controls: controls?.(
        localFleet(hub.fleet, () => time.now()),
        (region, connected) => hub.fleet.setRegionLink(region, connected),
      ),
      closed: closed.signal,
      http,
    }),
    start() {
      puller.start();
      checkQueue();
      timers.push(setInterval(checkQueue, QUEUE_EVERY_MS));
      timers.push(setInterval(publishSummary, SUMMARY_EVERY_MS), setInterval(saveCheckpoint, CHECKPOINT_EVERY_MS));
      if (!store || !sinks.store) return;
      const { retentionMs } = sinks.store;
      timers.push(setInterval(() => maintainStore(store, retentionMs), STORE_EVERY_MS));
      rollUp(store);
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      clearTimeout(rollUpTimer);
      closed.abort();
      await puller.stop();
      maintain('check-store', () => store?.check());
      saveCheckpoint();
      maintain('roll-up', () => store?.close(ROLL_UP_AT_END_MS));
    },
  };
}
