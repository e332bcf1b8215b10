/** The control API of a running `up`: on loopback, with the operator token. Its client is `control-client.ts`. */
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { httpErrorBody } from '../lib/errors/http-error.js';
import { bearerMatches } from '../lib/net/bearer-token.js';
import type { EndpointChange } from './control-client.js';

export interface ControlHandlers {
  setRegionLink(region: string, connected: boolean): Promise<void>;
  setEndpoints(change: EndpointChange): Promise<void>;
  /** Stops `up`; returns at once. */
  stop(): void;
}

const linkSchema = z.strictObject({ connected: z.boolean() });
const endpointsSchema = z.strictObject({
  puller: z.url().nullable().exactOptional(),
  jobProxy: z.url().nullable().exactOptional(),
});

/** `log`: takes the stack of a bug; by default the log of `up`. */
export function createControl(
  token: string,
  handlers: ControlHandlers,
  log: (text: string) => void = (text) => void process.stderr.write(`${text}\n`),
): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    if (bearerMatches(c.req.header('authorization'), token)) return next();
    return c.json(httpErrorBody({ code: 'TOKEN_WRONG', message: 'the operator token is missing or wrong' }), 401);
  });
  app.put('/regions/:region', async (c) => {
    const { connected } = await readBody(c, linkSchema);
    await handlers.setRegionLink(c.req.param('region'), connected);
    return c.json({ connected });
  });
  app.patch('/endpoints', async (c) => {
    const change = await readBody(c, endpointsSchema);
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
  app.onError((error, c) => {
    if (error instanceof AppError) return c.json(httpErrorBody(bodyOf(error)), error.fault === 'user' ? 422 : 500);
    log(`${c.req.method} ${c.req.path}: ${error.stack ?? messageOf(error)}`);
    return c.json(httpErrorBody({ code: 'INTERNAL', message: messageOf(error) }), 500);
  });
  return app;
}

const bodyOf = ({ code, message, hint }: AppError) => ({ code, message, ...(hint === undefined ? {} : { hint }) });

async function readBody<T extends z.ZodType>(c: Context, schema: T): Promise<z.output<T>> {
  const body: unknown = await c.req.json().catch((cause: unknown) => {
    throw new AppError('NOT_JSON', 'user', `the body is not JSON: ${messageOf(cause)}`, { cause });
  });
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new AppError('BAD_REQUEST', 'user', `${path.join('.') || 'body'}: ${message}`);
}
