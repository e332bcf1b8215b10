/** The control API of a running `up`, on loopback with the operator token, and its client for other terminals. */
import { Hono } from 'hono';
import { z } from 'zod';
import { AppError, messageOf, systemError } from '../lib/errors/app-error.js';
import { bearerMatches } from '../lib/net/bearer-token.js';

export interface ControlHandlers {
  setRegionLink(region: string, connected: boolean): Promise<void>;
  /** Services moved: a service job took the puller's part, or gave it back. */
  setEndpoints(change: EndpointChange): Promise<void>;
  /** Ends `up`; resolves at once. */
  stop(): void;
}

/** `null`: it is gone; of the puller, that of `up` takes its part again. */
export type EndpointChange = { puller?: string | null; jobProxy?: string | null };

const linkSchema = z.strictObject({ connected: z.boolean() });
const endpointsSchema = z.strictObject({
  puller: z.url().nullable().optional(),
  jobProxy: z.url().nullable().optional(),
});

export function createControl(token: string, handlers: ControlHandlers): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    if (bearerMatches(c.req.header('authorization'), token)) return next();
    return c.json({ error: { code: 'TOKEN_WRONG', message: 'the operator token is missing or wrong' } }, 401);
  });
  app.put('/regions/:region', async (c) => {
    const { connected } = linkSchema.parse(await c.req.json());
    await handlers.setRegionLink(c.req.param('region'), connected);
    return c.json({ connected });
  });
  app.patch('/endpoints', async (c) => {
    const change = endpointsSchema.parse(await c.req.json());
    await handlers.setEndpoints(change as EndpointChange);
    return c.json(change);
  });
  app.post('/stop', (c) => {
    handlers.stop();
    return c.json({ status: 'stopping' });
  });
  app.onError((error, c) => {
    const { code = 'INTERNAL', hint } = error instanceof AppError ? error : {};
    return c.json({ error: { code, message: messageOf(error), hint } }, 400);
  });
  return app;
}

export class ControlClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  setRegionLink(region: string, connected: boolean): Promise<void> {
    return this.call('PUT', `/regions/${encodeURIComponent(region)}`, { connected });
  }

  setEndpoints(change: EndpointChange): Promise<void> {
    return this.call('PATCH', '/endpoints', change);
  }

  stop(): Promise<void> {
    return this.call('POST', '/stop');
  }

  private async call(method: string, path: string, body?: unknown): Promise<void> {
    let response: Response;
    try {
      response = await fetch(this.url + path, {
        method,
        headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw systemError('UP_GONE', `the running \`up\` does not answer at ${this.url}`, {
        cause,
        hint: 'Run `wasm-sensors down`, then `wasm-sensors up`.',
      });
    }
    if (response.ok) return;
    const { error } = (await response.json()) as { error: { code: string; message: string; hint?: string } };
    throw new AppError(error.code, 'user', error.message, error.hint ? { hint: error.hint } : {});
  }
}
