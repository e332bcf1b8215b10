/** The control API of a running `up`: on loopback, with the operator token. Its client is `control-client.ts`. */
import type { Hono } from 'hono';
import { z } from 'zod';
import { readJsonBody } from '../lib/errors/http-error.js';
import { type OperatorApiOptions, operatorApi } from '../lib/net/operator-api.js';

const linkSchema = z.strictObject({ connected: z.boolean() });
const httpUrl = z.url({ protocol: /^https?$/ });
const endpointsSchema = z.strictObject({
  puller: httpUrl.nullable().exactOptional(),
  jobProxy: httpUrl.nullable().exactOptional(),
});

/**
 * A URL: the service job there replaces the service of `up`. `null`: there is none any more, and the puller of `up`
 * runs again.
 */
export type EndpointChange = z.output<typeof endpointsSchema>;

export interface ControlHandlers {
  setRegionLink(region: string, connected: boolean): Promise<void>;
  setEndpoints(change: EndpointChange): Promise<void>;
  /** Stops `up`; returns at once. */
  stop(): void;
}

export function createControl(handlers: ControlHandlers, options: OperatorApiOptions): Hono {
  const app = operatorApi(options);
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
  return app;
}
