/** `GET /metrics` of the puller (docs/metrics.md). */
import type { FleetSummary } from '../fleet/fleet-view.js';
import type { RelayView } from '../fleet/relays.js';
import { boundedLabel } from '../lib/metrics/label-counts.js';
import { labelled, Metrics, type Sample } from '../lib/metrics/metrics.js';
import type { PullerAppDeps } from './puller-app.js';

export type PullerMetricsDeps = Pick<
  PullerAppDeps,
  'queue' | 'hub' | 'store' | 'stats' | 'failures' | 'problem' | 'now'
>;

/** Seconds. A running fleet needs less than one; after an outage readings are as old as the outage was long. */
const LATENCY_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400];
type Counted = Exclude<keyof FleetSummary['total'], 'rate' | 'last_seen'>;

/** One summary serves all series of a scrape. */
const SUMMARY_AGE_MS = 500;

export function pullerMetrics(deps: PullerMetricsDeps): Metrics {
  const { queue, hub, store, stats, failures, problem, now = Date.now } = deps;
  const metrics = new Metrics('wasm_sensors_puller_');
  const regions = new Set<string>();
  const bounded = (region: string): string => {
    const label = boundedLabel(regions, region);
    regions.add(label);
    return label;
  };

  const counter = metrics.counter.bind(metrics);
  const gauge = metrics.gauge.bind(metrics);

  counter('messages_received_total', 'Messages received from the queue.', () => stats().received);
  counter('messages_deleted_total', 'Messages deleted from the queue: they are stored.', () => stats().deleted);
  const refused = 'Messages that no sink can ever take, moved to the dead-letter queue, by reason.';
  counter('messages_dead_lettered_total', refused, () => labelled('reason', Object.entries(stats().deadLetteredBy)));
  const failed = 'Failed attempts, each followed by another one, by task.';
  counter('failures_total', failed, () => labelled('task', Object.entries(failures())));
  gauge('queue_messages', 'Messages in the queue, as it tells them, by state.', async () => {
    const depth = await queue.depth().catch(() => undefined);
    if (!depth) return [];
    const { visible, inFlight, delayed } = depth;
    return labelled('state', Object.entries({ visible, in_flight: inFlight, delayed }));
  });
  gauge('dead_letters', 'Messages in the dead-letter queue.', () => stats().deadLetters ?? []);
  gauge('ready', 'Whether readings can be stored: 0 while the store fails.', () => (problem?.() ? 0 : 1));
  const expired = 'Readings and messages that the store deleted after its retention.';
  counter('rows_expired_total', expired, () => store?.forgotten ?? 0);
  const waiting = 'Readings that the tables of the roll-ups do not have yet.';
  gauge('readings_not_rolled_up', waiting, () => store?.notRolledUp ?? []);
  gauge('rows_damaged', 'Rows of the store that are not what was written.', () => stats().store?.damagedRows ?? 0);
  const quarantined = 'Damaged files that are kept beside the store.';
  gauge('store_quarantined_files', quarantined, () => stats().store?.quarantined.length ?? 0);
  const writtenBack = 'Whether the file of the store was deleted or replaced in the last hour, and was written back.';
  gauge('store_written_back', writtenBack, () => (stats().store?.writtenBack ? 1 : 0));

  let newest: FleetSummary | undefined;
  const summary = (): FleetSummary => {
    const time = now();
    if (!newest || Math.abs(time - newest.time) > SUMMARY_AGE_MS) newest = hub.fleet.summary(time);
    return newest;
  };
  const sumsOf = (key: Counted): Map<string, number> => {
    const sums = new Map<string, number>();
    for (const view of summary().regions) {
      const region = bounded(view.region);
      sums.set(region, (sums.get(region) ?? 0) + view[key]);
    }
    return sums;
  };
  const byRegion = (key: Counted) => () => labelled('region', sumsOf(key));
  counter('readings_total', 'Readings taken in, each once.', byRegion('received'));
  counter('readings_duplicate_total', 'Readings that came again: something was retried.', byRegion('duplicates'));
  counter('readings_late_total', 'Readings that came after a later one of their sensor.', byRegion('late'));
  gauge('readings_missing', 'Readings that were taken and have not arrived; falls when they do.', byRegion('gaps'));
  gauge(
    'readings_dropped',
    'Readings that sensors report to have dropped: their memory was full.',
    byRegion('dropped'),
  );
  gauge('readings_kept', 'Readings that sensors have taken and keep; at most, of silent ones.', byRegion('waiting'));
  gauge(
    'readings_unaccounted',
    'Readings that executions which have ended may have taken, and that never came; falls when they do.',
    byRegion('unaccounted'),
  );
  gauge('sensors', 'Sensors that are not gone or replaced, by state.', () => {
    const states = ['live', 'paused', 'silent'] as const;
    return states.flatMap((state) => Array.from(sumsOf(state), ([region, n]): Sample => [{ region, state }, n]));
  });

  const ofRelays = (name: string, help: string, read: (relay: RelayView) => number) =>
    gauge(name, help, () =>
      (summary().relays ?? []).map((relay): Sample => [{ region: relay.region, relay: relay.name }, read(relay)]),
    );
  ofRelays('relay_backlog', 'Readings that a relay keeps.', ({ backlog }) => backlog);
  ofRelays('relay_oldest_seconds', 'For how long it has kept the oldest of them.', ({ oldest_ms }) => oldest_ms / 1000);
  ofRelays('relay_bytes', 'What its readings take of its disk.', ({ bytes }) => bytes);
  ofRelays('relay_max_bytes', 'What they may take.', ({ max_bytes }) => max_bytes);
  ofRelays('relay_refused', 'Readings since its start that the proxy has refused for good.', ({ refused }) => refused);
  ofRelays('relay_away', 'Whether it is not heard, and its region has silent sensors.', ({ away }) => (away ? 1 : 0));

  const latency = metrics.histogram(
    'reading_latency_seconds',
    'Time from when a reading was taken until it was stored.',
    LATENCY_BUCKETS,
  );
  hub.subscribe((event) => {
    if (event.event !== 'reading') return;
    const seconds = (now() - Date.parse(event.reading.timestamp)) / 1000;
    // The clock of a node may be ahead.
    if (Number.isFinite(seconds)) latency.observe({ region: bounded(event.reading.region) }, Math.max(0, seconds));
  });
  return metrics;
}
