/** The puller as a whole: a unit for each shard that it holds, alerts and the HTTP API. */
import type { AlertEvent } from '../fleet/fleet-events.js';
import type { Queue } from '../queue/queue.js';
import { samplesOf } from '../store/history.js';
import { type AlertOptions, openAlerts } from './alerts/alerts.js';
import { subjectOf } from './alerts/firing-alerts.js';
import type { FleetControls } from './controls/fleet-controls.js';
import { EventBus } from './events/event-bus.js';
import type { PullerEvent } from './failure-reporter.js';
import type { FleetReader } from './fleet-client.js';
import { PeerEvents } from './peers/peer-events.js';
import { conditionsOf, sumKnown } from './peers/shard-stats.js';
import { WholeFleet } from './peers/whole-fleet.js';
import { createPullerApp, type PullerHttpOptions } from './puller-app.js';
import { openUnits, type StoreOptions } from './shards/open-units.js';

export interface PullerOptions {
  /** Of all shards. */
  queues: Queue[];
  /** Of `divideUnsharded`, where there are several shards. */
  openUnsharded?: (() => Promise<Queue>) | undefined;
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

const SUMMARY_EVERY_MS = 1_000;
/** Amazon bills each request: 500,000 a month cost about $0.20. */
const SAMPLE_EVERY_MS = 5_000;

export type Puller = Awaited<ReturnType<typeof createPuller>>;

/** Rejects with `STORE_UNUSABLE`, and what else stores reject with when they are opened. */
export async function createPuller(options: PullerOptions) {
  const { queues, openUnsharded, pollers, sinks, http, controls, onEvent } = options;
  const bus = new EventBus();
  const alerts =
    sinks.alert &&
    openAlerts(
      sinks.alert,
      (alert) => bus.publish(alert),
      (message) => onEvent({ type: 'webhook.failed', message }),
    );
  const { store, log } = sinks;
  const units = await openUnits({
    queues,
    openUnsharded,
    store,
    pollers,
    bus,
    log,
    onClockStep: (by) => alerts?.shiftTimes(by),
    onEvent,
  });
  /** The alerts that fire, whoever raises them. */
  let firing: AlertEvent[] = [];
  let raisesAlerts = false;
  const whole = new WholeFleet(units, () => firing, onEvent);
  // Before the next summary says so: who begins to listen meanwhile is not to miss it.
  const peerEvents = new PeerEvents(units, whole.peers, (alert) => {
    const others = firing.filter((one) => subjectOf(one) !== subjectOf(alert));
    firing = alert.firing ? [...others, alert] : others;
  });
  const closed = new AbortController();
  const timers: NodeJS.Timeout[] = [];

  let isRefreshing = false;
  async function publishSummary(): Promise<void> {
    if (isRefreshing) return;
    isRefreshing = true;
    const { summary, parts, missing, isDisputed } = await whole.refresh().finally(() => {
      isRefreshing = false;
    });
    if (closed.signal.aborted) return;
    bus.publish({ event: 'summary', summary });
    // Whoever holds shard 0 raises the alerts of the whole fleet, each once.
    const first = parts.find(({ shard }) => shard === 0);
    if (!first) return;
    const { puller, firing: known = [] } = first;
    // After a hang its view would be old until it hears that others have its shards.
    if (isDisputed) return;
    if (puller === undefined) {
      if (!raisesAlerts) alerts?.restore(firing);
      alerts?.update(summary, { ...conditionsOf(parts, units.shards), missing });
    }
    raisesAlerts = puller === undefined;
    firing = raisesAlerts ? (alerts?.firing() ?? []) : known;
  }

  async function sample(): Promise<void> {
    await Promise.all(units.held().map((one) => one.checkQueue()));
    if (closed.signal.aborted) return;
    const keeper = units.held().find(({ shard }) => shard === 0);
    if (!keeper) return;
    const { summary, parts, missing } = await whole.refresh();
    // What is not known is a gap, not a dip.
    if (missing.length > 0) return;
    const depth = sumKnown(parts.map(({ stats }) => stats.messages));
    const ofQueue = depth === undefined ? [] : [{ metric: 'queue.depth', region: '', value: depth }];
    keeper.addSamples([...ofQueue, ...samplesOf(summary.regions)]);
  }

  return {
    units,
    app: createPullerApp({
      units,
      whole,
      bus,
      peerEvents,
      firing: () => firing,
      controls: controls?.(whole, (region, connected) => void whole.annotate({ region, connected })),
      closed: closed.signal,
      http,
    }),
    /** `url`: of this HTTP API, for other pullers of the store. Resolves when this one holds its part of the shards. */
    async start(url: string): Promise<void> {
      await units.start(url);
      void sample();
      timers.push(setInterval(sample, SAMPLE_EVERY_MS), setInterval(publishSummary, SUMMARY_EVERY_MS));
    },
    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      closed.abort();
      await units.stop();
    },
  };
}
