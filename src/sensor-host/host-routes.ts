/**
 * The sensor host's control API over HTTP, for the commands in other terminals. Everything but the health checks needs
 * the bearer token.
 */
import { Hono } from 'hono';
import { AppError } from '../lib/errors/app-error.js';
import { answerError, httpErrorBody, readJsonBody } from '../lib/errors/http-error.js';
import { labelled, Metrics } from '../lib/metrics/metrics.js';
import { bearerMatches } from '../lib/net/bearer-token.js';
import { findBrowserProblem } from '../lib/net/browser-guard.js';
import type { Cluster } from './cluster.js';
import { jobBodySchema, jobNameSchema, regionLinkSchema } from './host-schemas.js';

export interface SensorHostAppOptions {
  /** Names (without port) that requests may have as their `Host`; any without. */
  hosts?: string[] | undefined;
  /** Expected as `Authorization: Bearer <token>`. */
  token: string;
  /** Receives the stacks of defects; by default standard error. */
  log?(text: string): void;
}

const PUBLIC = new Set(['/health', '/ready']);

/** `GET /nodes`, `GET /jobs`, `PUT /jobs/:name`, `DELETE /jobs/:name`, `PUT /regions/:region`, `GET /stats`. */
export function createSensorHostApp(
  cluster: Cluster,
  { token, hosts, log = console.error }: SensorHostAppOptions,
): Hono {
  const app = new Hono();

  app.use(async (c, next) => {
    const problem = findBrowserProblem((name) => c.req.header(name), hosts);
    if (problem) return c.json(httpErrorBody({ code: problem.code, message: problem.reason }), 403);
    const authorization = c.req.header('authorization');
    if (PUBLIC.has(c.req.path) || bearerMatches(authorization, token)) return next();
    const code = authorization === undefined ? 'TOKEN_MISSING' : 'TOKEN_WRONG';
    const message = 'the control token is needed: Authorization: Bearer <token>';
    return c.json(httpErrorBody({ code, message }), 401);
  });

  app.get('/health', (c) => c.json({ status: 'healthy' }));
  app.get('/ready', (c) => c.json({ status: 'ready' }));
  app.get('/nodes', (c) => c.json(cluster.nodes()));
  app.get('/jobs', (c) => c.json(cluster.jobs()));
  app.get('/stats', (c) => c.json(cluster.stats()));
  app.route('/', hostMetrics(cluster).routes);

  app.put('/jobs/:name', async (c) => {
    const body = await readJsonBody(c, jobBodySchema);
    const name = jobNameSchema.safeParse(c.req.param('name'));
    if (!name.success) throw new AppError('BAD_REQUEST', `name: ${name.error.issues[0]!.message}`);
    return c.json(await cluster.submit({ ...body, name: name.data }));
  });
  app.delete('/jobs/:name', (c) => c.json({ stopped: cluster.stop(c.req.param('name')) }));
  app.put('/regions/:region', async (c) => {
    const { connected } = await readJsonBody(c, regionLinkSchema);
    cluster.setRegionLink(c.req.param('region'), connected);
    return c.json({ connected });
  });

  app.notFound((c) => c.json(httpErrorBody({ code: 'NOT_FOUND', message: `no ${c.req.method} ${c.req.path}` }), 404));
  app.onError((error, c) => answerError(error, c, log));
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
