/** The puller as a whole: pipeline, sinks, fleet view, alerts, retention and the HTTP API. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hono } from 'hono';
import type { AlertEvent } from '../fleet/fleet-events.js';
import { messageOf } from '../lib/errors/app-error.js';
import type { Queue } from '../queue/queue.js';
import { SilenceAlerts } from './alerts.js';
import { EventHub } from './event-hub.js';
import { FailureReporter, type PullerEvent } from './failure-reporter.js';
import { Puller } from './puller.js';
import { createPullerApp, type PullerHttpOptions } from './puller-app.js';
import { StoreSink } from './sinks/readings-store.js';
import { LogSink, type Sink } from './sinks/sink.js';
import { restoreFleet } from './stored-fleet.js';

export interface PullerServiceOptions {
  queue: Queue;
  pollers: number;
  sinks: SinkOptions;
  http: PullerHttpOptions;
  onEvent(event: PullerEvent): void;
}

export interface SinkOptions {
  /** Without a store readings are only shown. */
  store?: { path: string; retentionMs: number } | undefined;
  /** Writes the lines of the log sink. */
  log?: ((text: string) => void) | undefined;
  alert?: AlertOptions | undefined;
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
const CHECKPOINT_EVERY_MS = 30_000;
const RETENTION_EVERY_MS = 1_000;
const WEBHOOK_ATTEMPTS = 3;
const WEBHOOK_PAUSE_MS = 500;
const WEBHOOK_TIMEOUT_MS = 5_000;

/** Throws `STORE_UNUSABLE`. */
export function createPullerService({ queue, pollers, sinks, http, onEvent }: PullerServiceOptions): PullerService {
  const store = sinks.store && new StoreSink(sinks.store.path);
  const hub = store ? restoreFleet(store) : new EventHub();
  const active: Sink[] = [...(store ? [store] : []), ...(sinks.log ? [new LogSink(sinks.log)] : [])];
  const puller = new Puller({
    queue,
    sinks: active,
    onAccepted: (deliveries) => hub.record(deliveries),
    onEvent,
    polling: { pollers },
  });
  const alerts = sinks.alert && new SilenceAlerts(sinks.alert.afterSeconds, Date.now());
  const closed = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const maintenance = new FailureReporter(onEvent);

  function publishSummary(): void {
    const summary = hub.fleet.summary(Date.now());
    hub.publish({ event: 'summary', summary });
    for (const alert of alerts?.update(summary) ?? []) {
      hub.publish(alert);
      sinks.alert?.onAlert(alert);
      if (sinks.alert?.webhook !== undefined) void postAlert(sinks.alert.webhook, alert, onEvent);
    }
  }

  /** A full disk or a locked store must not stop the puller. */
  function maintain(task: 'checkpoint' | 'retention', work: () => void): void {
    try {
      work();
      maintenance.succeeded(task);
    } catch (error) {
      maintenance.failed(task, messageOf(error));
    }
  }

  const saveCheckpoint = () =>
    maintain('checkpoint', () => {
      hub.fleet.prune(Date.now());
      store?.saveCheckpoint(hub.fleet.dump());
    });
  const forgetOld = ({ retentionMs }: { retentionMs: number }) =>
    maintain('retention', () => store?.forget(Date.now() - retentionMs));

  return {
    app: createPullerApp({
      queue,
      fleet: { hub, store, firing: () => alerts?.firing ?? [] },
      stats: () => puller.stats,
      failures: () => ({ ...puller.failures, ...maintenance.counts }),
      closed: closed.signal,
      http,
    }),
    start() {
      puller.start();
      timers.push(setInterval(publishSummary, SUMMARY_EVERY_MS), setInterval(saveCheckpoint, CHECKPOINT_EVERY_MS));
      if (sinks.store) timers.push(setInterval(forgetOld, RETENTION_EVERY_MS, sinks.store));
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      closed.abort();
      await puller.stop();
      saveCheckpoint();
      store?.close();
    },
  };
}

async function postAlert(url: string, alert: AlertEvent, onEvent: (event: PullerEvent) => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alert),
        signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
      });
      if (response.ok) return;
      throw new Error(`status ${response.status}`);
    } catch (error) {
      if (attempt === WEBHOOK_ATTEMPTS) {
        onEvent({ type: 'webhook.failed', message: messageOf(error) });
        return;
      }
      await sleep(WEBHOOK_PAUSE_MS);
    }
  }
}
