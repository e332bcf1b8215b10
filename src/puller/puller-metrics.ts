/** `GET /metrics` of the puller (docs/metrics.md). */
import type { FleetSummary } from '../fleet/fleet-view.js';
import type { RelayView } from '../fleet/relays.js';
import { boundedLabel } from '../lib/metrics/label-counts.js';
import { labelled, Metrics, type Sample } from '../lib/metrics/metrics.js';
import type { EventBus } from './events/event-bus.js';
import type { Unit, Units } from './shards/units.js';

export interface PullerMetricsDeps {
  units: Units;
  /** What the units publish. */
  bus: Pick<EventBus, 'subscribe'>;
  /** Unix milliseconds, in step with the fleet views. */
  now(): number;
}

/** Seconds. A running fleet needs less than one; after an outage readings are as old as the outage was long. */
const LATENCY_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400];
type Counted = Exclude<keyof FleetSummary['total'], 'rate' | 'last_seen'>;

/** One summary serves all series of a scrape. */
const SUMMARY_AGE_MS = 500;

/** Of the shards that this puller holds: where there is more than one, each has series of its own, so that one that moves is no jump. */
export function pullerMetrics({ units, bus, now }: PullerMetricsDeps): Metrics {
  const metrics = new Metrics('wasm_sensors_puller_');
  const regions = new Set<string>();
  const bounded = (region: string): string => {
    const label = boundedLabel(regions, region);
    regions.add(label);
    return label;
  };
  const labelsOf = ({ shard }: Unit) => (units.shards === 1 ? {} : { shard: String(shard) });
  /** A sample for each unit, or several: `undefined` is not known. */
  const byUnit = (read: (unit: Unit) => number | undefined | Sample[]) => () =>
    units.held().flatMap((unit): Sample[] => {
      const value = read(unit);
      if (value === undefined) return [];
      const samples: Sample[] = typeof value === 'number' ? [[{}, value]] : value;
      return samples.map(([labels, number]) => [{ ...labels, ...labelsOf(unit) }, number]);
    });

  const counter = metrics.counter.bind(metrics);
  const gauge = metrics.gauge.bind(metrics);
  const counts = (name: string, help: string, read: (unit: Unit) => number | Sample[]) =>
    counter(name, help, byUnit(read));
  const shows = (name: string, help: string, read: (unit: Unit) => number | undefined | Sample[]) =>
    gauge(name, help, byUnit(read));

  counts('messages_received_total', 'Messages received from the queue.', (unit) => unit.stats().received);
  counts('messages_deleted_total', 'Messages deleted from the queue: they are stored.', (unit) => unit.stats().deleted);
  const refused = 'Messages that no sink can ever take, moved to the dead-letter queue, by reason.';
  counts('messages_dead_lettered_total', refused, (unit) =>
    labelled('reason', Object.entries(unit.stats().deadLetteredBy)),
  );
  const failed = 'Failed attempts, each followed by another one, by task.';
  counts('failures_total', failed, (unit) => labelled('task', Object.entries(unit.failures())));
  gauge('queue_messages', 'Messages in the queue, as it tells them, by state.', async () => {
    const depths = units.held().map(async (unit) => [unit, await unit.queue.depth().catch(() => undefined)] as const);
    return (await Promise.all(depths)).flatMap(([unit, depth]): Sample[] => {
      if (!depth) return [];
      const { visible, inFlight, delayed } = depth;
      const states = labelled('state', Object.entries({ visible, in_flight: inFlight, delayed }));
      return states.map(([labels, n]) => [{ ...labels, ...labelsOf(unit) }, n]);
    });
  });
  const lag = 'For how long the oldest message that is left has waited, about; 0 where none waits.';
  shows('queue_lag_seconds', lag, (unit) => toSeconds(unit.stats().lagMs));
  shows('dead_letters', 'Messages in the dead-letter queue.', (unit) => unit.stats().deadLetters);
  shows('ready', 'Whether readings can be stored: 0 while the store fails.', (unit) => (unit.problem() ? 0 : 1));
  const expired = 'Readings and messages that the store deleted after its retention.';
  counts('rows_expired_total', expired, ({ store }) => store?.forgotten ?? 0);
  const waiting = 'Readings that the tables of the roll-ups do not have yet.';
  shows('readings_not_rolled_up', waiting, ({ store }) => store?.notRolledUp);
  const damaged = 'Rows of the store that are not what was written.';
  shows('rows_damaged', damaged, (unit) => unit.stats().store?.damagedRows ?? 0);
  const quarantined = 'Damaged files that are kept beside the store.';
  shows('store_quarantined_files', quarantined, (unit) => unit.stats().store?.quarantined.length ?? 0);
  const writtenBack = 'Whether the file of the store was deleted or replaced in the last hour, and was written back.';
  shows('store_written_back', writtenBack, (unit) => (unit.stats().store?.writtenBack ? 1 : 0));
  shows('readings_rate', 'Readings per second over the last seconds.', ({ hub, now }) => hub.fleet.rate(now()));

  let newest: { at: number; of: Map<Unit, FleetSummary> } = { at: 0, of: new Map() };
  const summaryOf = (unit: Unit): FleetSummary => {
    const time = now();
    if (Math.abs(time - newest.at) > SUMMARY_AGE_MS) newest = { at: time, of: new Map() };
    const summary = newest.of.get(unit) ?? unit.hub.fleet.summary(unit.now());
    newest.of.set(unit, summary);
    return summary;
  };
  const sumsOf = (unit: Unit, key: Counted): [region: string, sum: number][] => {
    const sums = new Map<string, number>();
    for (const view of summaryOf(unit).regions) {
      const region = bounded(view.region);
      sums.set(region, (sums.get(region) ?? 0) + view[key]);
    }
    return [...sums];
  };
  const byRegion = (key: Counted) => (unit: Unit) => labelled('region', sumsOf(unit, key));
  counts('readings_total', 'Readings taken in, each once.', byRegion('received'));
  counts('readings_duplicate_total', 'Readings that came again: something was retried.', byRegion('duplicates'));
  counts('readings_late_total', 'Readings that came after a later one of their sensor.', byRegion('late'));
  shows('readings_missing', 'Readings that were taken and have not arrived; falls when they do.', byRegion('gaps'));
  shows(
    'readings_dropped',
    'Readings that sensors report to have dropped: their memory was full.',
    byRegion('dropped'),
  );
  shows('readings_kept', 'Readings that sensors have taken and keep; at most, of silent ones.', byRegion('waiting'));
  shows(
    'readings_unaccounted',
    'Readings that executions which have ended may have taken, and that never came; falls when they do.',
    byRegion('unaccounted'),
  );
  shows('sensors', 'Sensors that are not gone or replaced, by state.', (unit) => {
    const states = ['live', 'paused', 'silent'] as const;
    return states.flatMap((state) => sumsOf(unit, state).map(([region, n]): Sample => [{ region, state }, n]));
  });

  // All shards know all relays.
  const ofRelays = (name: string, help: string, read: (relay: RelayView) => number) =>
    gauge(name, help, () =>
      units
        .held()
        .filter(({ shard }) => shard === 0)
        .flatMap((unit) => summaryOf(unit).relays)
        .map((relay): Sample => [{ region: relay.region, relay: relay.name }, read(relay)]),
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
  bus.subscribe((event) => {
    if (event.event !== 'reading') return;
    const seconds = (now() - Date.parse(event.reading.timestamp)) / 1000;
    // The clock of a node may be ahead.
    if (Number.isFinite(seconds)) latency.observe({ region: bounded(event.reading.region) }, Math.max(0, seconds));
  });
  return metrics;
}

const toSeconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
