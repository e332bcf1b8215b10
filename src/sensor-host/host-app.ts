/**
 * The sensor host's control API over HTTP, for the commands in other terminals. Everything but the health checks needs
 * the bearer token.
 */
import { Hono } from 'hono';
import type { z } from 'zod';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { bearerMatches } from '../lib/net/bearer-token.js';
import type { Cluster } from './cluster.js';
import { jobBodySchema, jobSpecSchema, regionLinkSchema } from './host-api.js';

export interface SensorHostAppOptions {
  /** Expected as `Authorization: Bearer <token>`. */
  token: string;
}

const PUBLIC = new Set(['/health', '/ready']);

/**
 * `GET /nodes`, `GET /jobs`, `PUT /jobs/:name`, `DELETE /jobs/:name`, `PUT /regions/:region`, `GET /stats`.
 * Errors are `{"error":{"code","reason","hint"}}`.
 */
export function createSensorHostApp(cluster: Cluster, { token }: SensorHostAppOptions): Hono {
  const app = new Hono();

  app.use(async (c, next) => {
    if (PUBLIC.has(c.req.path) || bearerMatches(c.req.header('authorization'), token)) return next();
    const code = c.req.header('authorization') === undefined ? 'TOKEN_MISSING' : 'TOKEN_WRONG';
    const reason = 'the control token is needed: Authorization: Bearer <token>';
    return c.json({ error: { code, reason, hint: '' } }, 401);
  });

  app.get('/health', (c) => c.json({ status: 'healthy' }));
  app.get('/ready', (c) => c.json({ status: 'ready' }));
  app.get('/nodes', (c) => c.json(cluster.nodes()));
  app.get('/jobs', (c) => c.json(cluster.jobs()));
  app.get('/stats', (c) => c.json(cluster.stats()));

  app.put('/jobs/:name', async (c) => {
    const body = await readBody(c.req.raw, jobBodySchema);
    return c.json(await cluster.submit(parse({ ...body, name: c.req.param('name') }, jobSpecSchema)));
  });
  app.delete('/jobs/:name', (c) => c.json({ stopped: cluster.stop(c.req.param('name')) }));
  app.put('/regions/:region', async (c) => {
    const { connected } = await readBody(c.req.raw, regionLinkSchema);
    cluster.setRegionLink(c.req.param('region'), connected);
    return c.json({ connected });
  });

  app.notFound((c) =>
    c.json({ error: { code: 'NOT_FOUND', reason: `no ${c.req.method} ${c.req.path}`, hint: '' } }, 404),
  );
  app.onError((error, c) => {
    if (!(error instanceof AppError)) {
      return c.json({ error: { code: 'INTERNAL', reason: messageOf(error), hint: '' } }, 500);
    }
    const body = { error: { code: error.code, reason: error.message, hint: error.hint ?? '' } };
    return c.json(body, error.fault === 'user' ? 422 : 500);
  });
  return app;
}

async function readBody<T extends z.ZodType>(request: Request, schema: T): Promise<z.output<T>> {
  const body = await request.json().catch((cause: unknown) => {
    throw new AppError('BAD_JSON', 'user', `the body is not JSON: ${messageOf(cause)}`, { cause });
  });
  return parse(body, schema);
}

function parse<T extends z.ZodType>(value: unknown, schema: T): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new AppError('BAD_REQUEST', 'user', `${path.join('.') || 'body'}: ${message}`);
}
