/** What the proxy has counted since its start, for `GET /stats` and `GET /metrics` (docs/metrics.md). */
import { LabelCounts } from '../lib/metrics/label-counts.js';
import { labelled, Metrics } from '../lib/metrics/metrics.js';
import type { MeasuredValues } from '../protocol/measured-values.js';
import type { Message } from '../protocol/message.js';
import type { UplinkStatus } from './proxy.js';

export class ProxyCounts {
  /** Messages in bodies that could be read, also those that were refused. */
  received = 0;
  /** By region. */
  readonly accepted = new LabelCounts();
  readonly superseded = new LabelCounts();
  /** Measured values of accepted messages. */
  values = 0;
  readonly refused: Record<string, number> = {};

  accept(message: Message): void {
    this.accepted.add(regionOf(message));
    for (const _ in message.values as MeasuredValues | undefined) this.values++;
  }

  refuse(code: string): void {
    this.refused[code] = (this.refused[code] ?? 0) + 1;
  }
}

/** As the fleet view names it. What is of no sensor can name any: it counts for none. */
export const regionOf = ({ execution_id, region }: Message): string => String((execution_id && region) || 'unknown');

export function proxyMetrics(
  counts: ProxyCounts,
  batches: () => { batches: number; retries: number; waiting: number },
  uplink: { status: UplinkStatus } | undefined,
) {
  const metrics = new Metrics('wasm_sensors_proxy_');
  const counter = metrics.counter.bind(metrics);
  const byRegion = (of: LabelCounts) => () => labelled('region', of);
  counter('readings_accepted_total', 'Readings that the queue has accepted.', byRegion(counts.accepted));
  counter('values_accepted_total', 'Measured values in accepted readings.', () => counts.values);
  const superseded = 'Readings of submissions that a newer one has replaced; not queued.';
  counter('readings_superseded_total', superseded, byRegion(counts.superseded));
  const refused = 'Requests, and readings in arrays, that were refused, by error code.';
  counter('refusals_total', refused, () => labelled('reason', Object.entries(counts.refused)));
  counter('queue_batches_total', 'Batches sent to the queue, retries included.', () => batches().batches);
  counter('queue_retries_total', 'Batches of which something had to be sent again.', () => batches().retries);
  metrics.gauge('readings_waiting', 'Readings that wait for the next batch.', () => batches().waiting);
  if (!uplink) return metrics;
  const gauge = (name: string, help: string, read: (status: UplinkStatus) => number) =>
    metrics.gauge(`relay_${name}`, help, () => read(uplink.status));
  gauge('backlog', 'Readings that this relay keeps.', ({ backlog }) => backlog);
  gauge('oldest_seconds', 'For how long it has kept the oldest of them.', ({ oldest }) => oldest / 1000);
  gauge('bytes', 'What its readings take of its disk.', ({ bytes }) => bytes);
  gauge('max_bytes', 'What they may take.', ({ max }) => max);
  gauge('uplink', 'Whether the proxy upstream takes readings.', ({ problem }) => (problem === undefined ? 1 : 0));
  const forGood = 'Readings that the proxy upstream has refused for good.';
  counter('relay_refused_total', forGood, () => uplink.status.refused);
  return metrics;
}
