/** The sensor host's control API over HTTP, for the commands in other terminals. */
import type { Hono } from 'hono';
import { AppError } from '../lib/errors/app-error.js';
import { readJsonBody } from '../lib/errors/http-error.js';
import { labelled, Metrics } from '../lib/metrics/metrics.js';
import { type OperatorApiOptions, operatorApi } from '../lib/net/operator-api.js';
import type { Cluster } from './cluster.js';
import { jobBodySchema, jobNameSchema, regionLinkSchema } from './host-schemas.js';

/** `GET /nodes`, `GET /jobs`, `PUT /jobs/:name`, `DELETE /jobs/:name`, `PUT /regions/:region`, `GET /metrics`. */
export function createSensorHostApp(cluster: Cluster, options: OperatorApiOptions): Hono {
  const app = operatorApi(options, ['/health', '/ready']);
  app.get('/health', (c) => c.json({ status: 'healthy' }));
  app.get('/ready', (c) => c.json({ status: 'ready' }));
  app.get('/nodes', (c) => c.json(cluster.nodes()));
  app.get('/jobs', (c) => c.json(cluster.jobs()));
  app.route('/', hostMetrics(cluster).routes);

  app.put('/jobs/:name', async (c) => {
    const body = await readJsonBody(c, jobBodySchema);
    const name = jobNameSchema.safeParse(c.req.param('name'));
    if (!name.success) throw new AppError('BAD_REQUEST', `name: ${name.error.issues[0]!.message}`);
    return c.json(await cluster.submit({ ...body, name: name.data }));
  });
  app.delete('/jobs/:name', (c) => c.json({ stopped: cluster.stop(c.req.param('name')) }));
  app.put('/regions/:region', async (c) => {
    const { connected, onSite } = await readJsonBody(c, regionLinkSchema);
    cluster.setRegionLink(c.req.param('region'), connected, onSite);
    return c.json({ connected });
  });
  return app;
}

/** `GET /metrics` of the sensor host (docs/metrics.md). Its regions are those of its nodes. */
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
