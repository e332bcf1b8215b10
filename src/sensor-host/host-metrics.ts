/** `GET /metrics` of the sensor host (docs/metrics.md). Its regions are those of its nodes. */
import { labelled, Metrics } from '../lib/metrics/metrics.js';
import type { Cluster } from './cluster.js';

export function hostMetrics(cluster: Cluster): Metrics {
  const metrics = new Metrics('wasm_sensors_host_');
  metrics.counter('requests_total', 'Requests of the modules that have ended, by region and result.', () =>
    Object.entries(cluster.stats().results).flatMap(([region, counts]) =>
      labelled('result', Object.entries(counts), { region }),
    ),
  );
  metrics.gauge('executions', 'Executions of the newest jobs, by state.', () => {
    const counts: Record<string, number> = { running: 0, failed: 0 };
    for (const { executions } of cluster.jobs()) {
      for (const { state } of executions) counts[state] = (counts[state] ?? 0) + 1;
    }
    return labelled('state', Object.entries(counts));
  });
  metrics.gauge('region_connected', 'Whether the region can reach the proxy: 0 after `region disconnect`.', () =>
    cluster.nodes().map(({ region, connected }) => [{ region }, connected ? 1 : 0]),
  );
  return metrics;
}
