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
 * Credentials are accepted but not checked: everyone who reaches the port may use the queues. Bind it to loopback, and
 * give `hosts`, so that no page in a browser reaches it.
 */
import { Hono } from 'hono';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { statusOf } from '../lib/errors/codes.js';
import { findBrowserProblem } from '../lib/net/browser-guard.js';
import { clientGone } from '../lib/net/client-gone.js';
import { readBody } from '../lib/net/request-body.js';
import { SlowReaders } from '../lib/net/slow-readers.js';
import type { ClockSources } from '../lib/time/elapsed-clock.js';
import { respond } from './api/protocol.js';
import type { MessageDamaged } from './live-queue.js';
import { queueMetrics } from './queue-metrics.js';
import { QueueService } from './queue-service.js';
import type { StoreEvent } from './store/queue-store.js';

export interface QueueServerOptions {
  /** File of the store, or `:memory:` for queues that end with the process. The file is created, its folder must exist. */
  path: string;
  /** Origin of the queue URLs that clients get, such as `http://queue:9324`. Default: the request's `Host`. */
  baseUrl?: string;
  /** Names (without port) that requests may have as their `Host`. Default: any. */
  hosts?: string[];
  /** False: a queue may be purged at any time. Default: once in 60 seconds, as with Amazon SQS. */
  purgeInterval?: boolean;
  /** Receives warnings about the store, a line each. Default: `console.warn`. */
  warn?: (message: string) => void;
  /** Receives what happens to the store and to the clock. */
  onEvent?: (event: QueueServerEvent) => void;
  /** Instead of the clocks of the system. */
  clock?: Partial<ClockSources>;
}

export type QueueServerEvent = StoreEvent | MessageDamaged;

const statsOf = (service: QueueService, requests: Record<string, number>, refused: Record<string, number>) => ({
  queues: service.readableQueues.map(({ record, messages, polls }) => ({
    name: record.name,
    /** Receivers in a long poll. */
    waiting: polls.size,
    ...messages.countsAt(service.now()),
    /** Of the oldest message; undefined where there is none. */
    oldestAgeMs: messages.ageAt(service.now()),
  })),
  /** Since the start: by action, and refused ones by error code. */
  requests,
  refused,
  /** Durable transactions since the start. */
  commits: service.commits.commits,
  store: service.store.state,
});

export type QueueServerStats = ReturnType<typeof statsOf>;
export type QueueServer = ReturnType<typeof createQueueServer>;

/** Bytes of a request: 1 MiB of messages, in the worst case all of it escaped. */
const MAX_REQUEST_BYTES = 8 * 1_048_576;

/** Opens the store and returns the app; the caller binds the port. Throws as `openDatabase` does. */
export function createQueueServer(options: QueueServerOptions) {
  const { path, warn = console.warn, onEvent = () => {}, clock = {} } = options;
  const service = new QueueService({ path, warn, onEvent, clock });
  const requests: Record<string, number> = {};
  const refused: Record<string, number> = {};
  const unread = new SlowReaders();
  let closed = false;
  const stats = () => statsOf(service, requests, refused);

  const app = new Hono();
  app.use(async (c, next) => {
    const problem = findBrowserProblem(c, options.hosts);
    return problem ? c.json({ __type: problem.code, message: problem.message }, 403) : next();
  });
  app.get('/health', (c) => c.json({ status: 'healthy' }));
  app.get('/ready', (c) => {
    if (closed) return c.json({ status: 'closed' }, 503);
    const { state } = service.store;
    return c.json(state, state.status === 'ready' ? 200 : 503);
  });
  app.get('/stats', (c) => c.json(stats()));
  app.route('/', queueMetrics(service, stats).routes);
  app.post('*', async (c) => {
    if (closed) return c.json({ __type: 'ServiceUnavailable', message: 'The queue server is closing.' }, 503);
    const context = {
      service,
      now: service.now(),
      wall: Date.now(),
      signal: () => clientGone(c),
      purgeInterval: options.purgeInterval ?? true,
      trace: c.req.header('x-amzn-trace-id'),
      baseUrl: options.baseUrl ?? `http://${c.req.header('host') ?? 'localhost'}`,
    };
    const input = await readBody(c, (bytes) => bytes, MAX_REQUEST_BYTES);
    const { action, status, headers, body, code } = await respond(context, c.req.header('x-amz-target'), input);
    requests[action] = (requests[action] ?? 0) + 1;
    if (code !== undefined) refused[code] = (refused[code] ?? 0) + 1;
    unread.add(c, body.length);
    return new Response(body, { status, headers });
  });

  app.notFound((c) => c.json({ __type: 'NotFound', message: `there is no ${c.req.method} ${c.req.path} here` }, 404));
  app.onError((error, c) => {
    if (error instanceof AppError) return c.json({ __type: error.code, message: error.message }, statusOf(error.code));
    warn(`${c.req.method} ${c.req.path}: ${error.stack ?? messageOf(error)}`);
    return c.json({ __type: 'InternalError', message: messageOf(error) }, 500);
  });

  return {
    /** `POST /` is the SQS API; `GET /health`, `/ready` and `/stats` answer JSON. */
    app,
    stats,
    /** Ends long polls, commits, and closes the store. Later requests fail. May be called twice. */
    close(): void {
      if (closed) return;
      closed = true;
      service.close();
    },
  };
}
