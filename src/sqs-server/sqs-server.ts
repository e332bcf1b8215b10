/**
 * An SQS-compatible server: the JSON protocol of Amazon SQS over a durable store in one file.
 *
 * ```ts
 * const server = createQueueServer({ path: '.wasm-sensors/queue.db' });
 * const http = serve({ fetch: server.app.fetch, hostname: '127.0.0.1', port: 9324 });
 * // ... and at the end:
 * server.close();
 * http.close();
 * ```
 *
 * Credentials are accepted but not checked: whoever reaches the port may use the queues, so bind it to loopback, and give
 * `hosts`, so that no page in a browser reaches it either.
 */
import { Hono } from 'hono';
import { findBrowserProblem } from '../lib/net/browser-guard.js';
import { actionName, respond } from './protocol/json-protocol.js';
import { QueueService } from './queue-service.js';

export interface QueueServerOptions {
  /** File of the store (created if need be; its folder must exist), or `:memory:` for queues that end with the process. */
  path: string;
  /** Region in ARNs. Default: `us-east-1`. */
  region?: string;
  /** Twelve digits in ARNs and queue URLs. Default: `000000000000`. */
  accountId?: string;
  /** Origin of the queue URLs that clients are given, such as `http://queue:9324`. Default: the request's `Host`. */
  baseUrl?: string;
  /** Names (without port) that requests may give as their `Host`. Default: any. */
  hosts?: string[];
}

export interface QueueServerStats {
  /** `waiting`: receivers in a long poll. */
  queues: { name: string; visible: number; inFlight: number; delayed: number; waiting: number }[];
  /** Requests by action since the start. */
  requests: Record<string, number>;
  /** Durable transactions since the start. */
  commits: number;
}

export interface QueueServer {
  /** `POST /` is the SQS API; `GET /health`, `/ready` and `/stats` answer JSON. */
  app: Hono;
  stats(): QueueServerStats;
  /** Ends long polls, commits, and closes the store. Requests that come later fail. May be called twice. */
  close(): void;
}

/** Bytes of a request: 1 MiB of messages, in the worst case all of it escaped. */
const MAX_REQUEST_BYTES = 8 * 1_048_576;

/** Opens the store and returns the app; binding a port is the caller's part. Throws as `openDatabase` does. */
export function createQueueServer(options: QueueServerOptions): QueueServer {
  const { path, region = 'us-east-1', accountId = '000000000000' } = options;
  const service = new QueueService({ path, region, accountId });
  const requests: Record<string, number> = {};
  let closed = false;

  const stats = (): QueueServerStats => ({
    queues: service.queues.map(({ record, index, polls }) => ({
      ...{ name: record.name, waiting: polls.size },
      ...index.counts,
    })),
    requests,
    commits: service.commits.commits,
  });

  const app = new Hono();
  app.use(async (c, next) => {
    const problem = findBrowserProblem(c, options.hosts);
    return problem ? c.json({ __type: problem.code, message: problem.reason }, 403) : next();
  });
  app.get('/health', (c) => c.json({ status: 'healthy' }));
  app.get('/ready', (c) => c.json({ status: closed ? 'closed' : 'ready' }, closed ? 503 : 200));
  app.get('/stats', (c) => c.json(stats()));
  app.post('*', async (c) => {
    if (closed) return c.json({ __type: 'ServiceUnavailable', message: 'The queue server is closing.' }, 503);
    const unknownLength = c.req.header('transfer-encoding') !== undefined;
    if (unknownLength || Number(c.req.header('content-length') ?? 0) > MAX_REQUEST_BYTES) {
      return c.json(
        { __type: 'RequestEntityTooLarge', message: 'The request is too long, or does not say how long it is.' },
        413,
      );
    }
    const target = c.req.header('x-amz-target');
    const context = {
      ...{ service, accountId, now: Date.now(), signal: () => c.req.raw.signal },
      baseUrl: options.baseUrl ?? `http://${c.req.header('host') ?? 'localhost'}`,
    };
    const { status, headers, body } = await respond(context, target, new Uint8Array(await c.req.arrayBuffer()));
    const action = actionName(target) ?? 'unsupported';
    requests[action] = (requests[action] ?? 0) + 1;
    return new Response(body, { status, headers });
  });

  return {
    app,
    stats,
    close() {
      if (closed) return;
      closed = true;
      service.close();
    },
  };
}
