/** `GET /metrics` of the proxy (docs/metrics.md). */
import { labelled, Metrics } from '../lib/metrics/metrics.js';
import type { ProxyCounts } from './proxy-counts.js';

export function proxyMetrics(counts: ProxyCounts, batches: { batches: number; retries: number; waiting: number }) {
  const metrics = new Metrics('wasm_sensors_proxy_');
  metrics.counter('readings_accepted_total', 'Readings that the queue has accepted.', () =>
    labelled('region', counts.accepted),
  );
  metrics.counter('values_accepted_total', 'Measured values in accepted readings.', () => counts.values);
  metrics.counter(
    'readings_superseded_total',
    'Readings of submissions that a newer one has replaced; not queued.',
    () => labelled('region', counts.superseded),
  );
  metrics.counter('refusals_total', 'Requests, and readings in arrays, that were refused, by error code.', () =>
    labelled('reason', Object.entries(counts.refused)),
  );
  metrics.counter('queue_batches_total', 'Batches sent to the queue, retries included.', () => batches.batches);
  metrics.counter('queue_retries_total', 'Batches of which something had to be sent again.', () => batches.retries);
  metrics.gauge('readings_waiting', 'Readings that wait for the next batch.', () => batches.waiting);
  return metrics;
}
