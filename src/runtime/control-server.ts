/** The control API of a running `up`: on loopback, with the operator token. Its client is `control-client.ts`. */
import { Hono } from 'hono';
import { z } from 'zod';
import { answerError, httpErrorBody, readJsonBody } from '../lib/errors/http-error.js';
import { bearerMatches } from '../lib/net/bearer-token.js';
import { findBrowserProblem } from '../lib/net/browser-guard.js';
import type { EndpointChange } from './control-client.js';

export interface ControlHandlers {
  setRegionLink(region: string, connected: boolean): Promise<void>;
  setEndpoints(change: EndpointChange): Promise<void>;
  /** Stops `up`; returns at once. */
  stop(): void;
}

const linkSchema = z.strictObject({ connected: z.boolean() });
const httpUrl = z.url({ protocol: /^https?$/ });
const endpointsSchema = z.strictObject({
  puller: httpUrl.nullable().exactOptional(),
  jobProxy: httpUrl.nullable().exactOptional(),
});

/**
 * `log`: takes the stack of a bug; by default the log of `up`. `hosts`: names (without port) that requests may have as
 * their `Host`; without it, any.
 */
export function createControl(
  token: string,
  handlers: ControlHandlers,
  log: (text: string) => void = (text) => void process.stderr.write(`${text}\n`),
  hosts?: string[],
): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    const problem = findBrowserProblem((name) => c.req.header(name), hosts);
    if (problem) return c.json(httpErrorBody({ code: problem.code, message: problem.reason }), 403);
    if (bearerMatches(c.req.header('authorization'), token)) return next();
    return c.json(httpErrorBody({ code: 'TOKEN_WRONG', message: 'the operator token is missing or wrong' }), 401);
  });
  app.put('/regions/:region', async (c) => {
    const { connected } = await readJsonBody(c, linkSchema);
    await handlers.setRegionLink(c.req.param('region'), connected);
    return c.json({ connected });
  });
  app.patch('/endpoints', async (c) => {
    const change = await readJsonBody(c, endpointsSchema);
    await handlers.setEndpoints(change);
    return c.json(change);
  });
  app.post('/stop', (c) => {
    handlers.stop();
    return c.json({ status: 'stopping' });
  });
  app.notFound((c) => {
    const message = `there is no ${c.req.method} ${c.req.path} here`;
    return c.json(httpErrorBody({ code: 'NO_SUCH_PATH', message }), 404);
  });
  app.onError((error, c) => answerError(error, c, log));
  return app;
}
