/** The puller as a whole: a unit for each shard that it holds, alerts and the HTTP API. */
import type { Queue } from '../queue/queue.js';
import { samplesOf } from '../store/history.js';
import { openStore } from '../store/open-store.js';
import type { Retention } from '../store/store.js';
import { type AlertOptions, openAlerts } from './alerts/alerts.js';
import type { FleetControls } from './controls/fleet-controls.js';
import { takeEndedNetwork } from './ended-network.js';
import { EventBus } from './events/event-bus.js';
import type { PullerEvent } from './failure-reporter.js';
import { type FleetReader, localFleet } from './fleet-client.js';
import { createPullerApp, type PullerHttpOptions } from './puller-app.js';
import { openUnit } from './shards/open-unit.js';

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
  const bus = new EventBus();
  const alerts =
    sinks.alert &&
    openAlerts(
      sinks.alert,
      (alert) => bus.publish(alert),
      (message) => onEvent({ type: 'webhook.failed', message }),
    );
  const { store: stored, log } = sinks;
  const opened = stored && (await openStore(stored.path, onEvent));
  const unit = await takeEndedNetwork(stored?.endedNetwork, (ended) =>
    openUnit({
      shard: 0,
      queue,
      pollers,
      store: opened && stored && { opened, retention: stored.retentionMs, ended },
      bus,
      log,
      onClockStep: (by) => alerts?.shiftTimes(by),
      onEvent,
    }),
  );
  const { hub, store, problem, now } = unit;
  const closed = new AbortController();
  const timers: NodeJS.Timeout[] = [];

  function publishSummary(): void {
    const summary = hub.fleet.summary(now());
    bus.publish({ event: 'summary', summary });
    alerts?.update(summary, { ...unit.stats(), storeProblem: problem() });
  }

  async function sample(): Promise<void> {
    await unit.checkQueue();
    if (closed.signal.aborted) return;
    const { depth } = unit.stats();
    const ofQueue = depth === undefined ? [] : [{ metric: 'queue.depth', region: '', value: depth }];
    unit.addSamples([...ofQueue, ...samplesOf(hub.fleet.summary(now()).regions)]);
  }

  return {
    app: createPullerApp({
      saveView: unit.saveView,
      queue,
      hub,
      store,
      firing: alerts?.firing ?? (() => []),
      stats() {
        const { depth: _, ...stats } = unit.stats();
        return stats;
      },
      failures: unit.failures,
      problem,
      now,
      controls: controls?.(localFleet(hub.fleet, now), (region, connected) =>
        hub.fleet.setRegionLink(region, connected),
      ),
      closed: closed.signal,
      http,
    }),
    start(): void {
      unit.start();
      void sample();
      timers.push(setInterval(sample, SAMPLE_EVERY_MS), setInterval(publishSummary, SUMMARY_EVERY_MS));
    },
    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      closed.abort();
      await unit.stop();
    },
  };
}
