/** The puller's HTTP side: the fleet view as a snapshot and as live events, for `tail`, `status` and the web page. */
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { AlertEvent, FleetEvent } from '../fleet/fleet-events.js';
import type { FleetSummary, SensorView } from '../fleet/fleet-view.js';
import { bearerMatches } from '../lib/net/bearer-token.js';
import { findBrowserProblem } from '../lib/net/browser-guard.js';
import { desiredStateSchema, scopeSchema } from '../protocol/desired-config.js';
import type { Queue, QueueDepth } from '../queue/queue.js';
import { healthRoutes } from '../queue/queue-health.js';
import type { Hub } from './event-hub.js';
import { eventStream, type StreamFilter } from './event-stream.js';
import type { PullerStats } from './puller.js';
import type { StoreSink } from './sinks/readings-store.js';

export interface PullerAppDeps {
  hub: Hub;
  queue: Queue;
  stats(): PullerStats;
  /** The alerts that fire now: who comes later must hear of them too. */
  firing(): AlertEvent[];
  store?: StoreSink;
  /** Aborted when the process ends: open event streams close. */
  closed: AbortSignal;
  /** Serves the web page. */
  page: Hono;
  /** Names under which it may be reached from a browser; undefined = any. */
  hosts: string[] | undefined;
  /** The operator's; without it nobody may tell what was done on purpose. */
  token: string | undefined;
}

/** `GET /fleet`. */
export interface FleetSnapshot {
  summary: FleetSummary;
  sensors: SensorView[];
}

/** `GET /stats`. */
export type PullerAppStats = PullerStats & { queue: string; depth: QueueDepth | undefined };

/** Body of `POST /fleet/convergence`: the desired state of the proxy, whom it is about, and the jobs of its network. */
const convergenceSchema = z.strictObject({
  state: desiredStateSchema,
  scope: scopeSchema,
  jobs: z.strictObject({ deployed: z.array(z.string()), ended: z.array(z.string()) }).optional(),
});

/** Body of `POST /fleet/told`: what the operator did to the fleet on purpose. */
const toldSchema = z.union([
  z.strictObject({ region: z.string(), connected: z.boolean() }),
  z.strictObject({ endedJobs: z.array(z.string()) }),
  // The network ends, and with it every sensor heard of since then; their last readings are taken by `by`. Unix milliseconds.
  z.strictObject({ networkEnds: z.strictObject({ since: z.number(), by: z.number() }) }),
]);
export type Told = z.infer<typeof toldSchema>;

const KINDS = ['reading', 'message', 'alert', 'summary'] as const;
const MAX_REPLAY = 100_000;

export function createPullerApp(deps: PullerAppDeps): Hono {
  const { hub, queue, store } = deps;
  const app = new Hono();
  const bad = (c: Context, reason: string) => c.json({ error: { code: 'BAD_QUERY', reason } }, 400);

  app.use(async (c, next) => {
    const problem = findBrowserProblem(c, deps.hosts);
    return problem ? c.json({ error: problem }, 403) : next();
  });
  app.route('/', healthRoutes(queue));
  app.get('/stats', async (c) => {
    const depth = await queue.depth().catch(() => undefined);
    return c.json({ ...deps.stats(), queue: queue.name, depth });
  });
  app.get('/fleet', (c) => {
    const now = Date.now();
    return c.json({ summary: hub.fleet.summary(now), sensors: hub.fleet.view(now) } satisfies FleetSnapshot);
  });
  app.get('/fleet/summary', (c) => c.json(hub.fleet.summary(Date.now())));
  app.get('/fleet/since', (c) => {
    const submission = Number(c.req.query('submission') ?? Number.NaN);
    if (Number.isNaN(submission)) return bad(c, 'submission must be Unix milliseconds');
    return c.json(hub.fleet.countSince(submission, Date.now()));
  });
  app.post('/fleet/convergence', async (c) => {
    const query = convergenceSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!query.success) return bad(c, query.error.issues[0]?.message ?? 'no JSON');
    const { state, scope, jobs } = query.data;
    return c.json(hub.fleet.convergence(state, scope, Date.now(), jobs));
  });
  app.post('/fleet/told', async (c) => {
    if (deps.token === undefined || !bearerMatches(c.req.header('authorization'), deps.token)) {
      return c.json({ error: { code: 'TOKEN_WRONG', reason: 'the operator token is missing or wrong' } }, 401);
    }
    const told = toldSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!told.success) return bad(c, told.error.issues[0]?.message ?? 'no JSON');
    if ('region' in told.data) hub.fleet.setRegionLink(told.data.region, told.data.connected);
    else if ('endedJobs' in told.data) hub.fleet.endJobs(told.data.endedJobs, Date.now());
    else hub.fleet.endSensors(told.data.networkEnds.since, told.data.networkEnds.by);
    return c.json({ status: 'noted' });
  });
  app.get('/events', (c) => {
    if (deps.closed.aborted) return c.json({ error: { code: 'STOPPING', reason: 'this puller ends' } }, 503);
    const { region, since, kinds } = c.req.query();
    const from = since === undefined ? undefined : Number(since);
    if (from !== undefined && Number.isNaN(from)) return bad(c, 'since must be Unix milliseconds');
    const list = kinds?.split(',');
    const unknown = list?.find((kind) => !(KINDS as readonly string[]).includes(kind));
    if (unknown !== undefined)
      return bad(c, `there is no event kind ${JSON.stringify(unknown)}; there are ${KINDS.join(', ')}`);
    const filter: StreamFilter = {};
    if (region) filter.region = region;
    if (list) filter.kinds = new Set(list as FleetEvent['event'][]);
    const first = [...deps.firing(), ...(from === undefined ? [] : replay(store, from, filter))];
    return eventStream(c, hub, filter, first, deps.closed);
  });
  app.route('/', deps.page);
  app.notFound((c) =>
    c.json({ error: { code: 'NO_SUCH_PATH', reason: `there is no ${c.req.method} ${c.req.path} here` } }, 404),
  );
  return app;
}

/** What was received since then, in the order of arrival. */
function replay(store: StoreSink | undefined, since: number, { region, kinds }: StreamFilter): FleetEvent[] {
  if (!store) return [];
  const events: FleetEvent[] = [];
  if (!kinds || kinds.has('reading')) {
    for (const { reading, receivedAt } of store.readingsSince(since, MAX_REPLAY)) {
      if (region !== undefined && reading.region !== region) continue;
      events.push({ event: 'reading', reading, received_at: receivedAt, late: false });
    }
  }
  if (region === undefined && (!kinds || kinds.has('message'))) {
    for (const { message, receivedAt } of store.messagesSince(since, MAX_REPLAY)) {
      events.push({ event: 'message', message, received_at: receivedAt });
    }
  }
  const at = (event: FleetEvent) => ('received_at' in event ? event.received_at : 0);
  return events.sort((a, b) => at(a) - at(b));
}
