/** The puller's HTTP API: the fleet view as a snapshot and as live events, for `tail`, `status` and the web page. */
import { setMaxListeners } from 'node:events';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { AlertEvent } from '../fleet/fleet-events.js';
import type { FleetSummary, SensorView } from '../fleet/fleet-view.js';
import { Turns } from '../lib/async/turns.js';
import { AppError } from '../lib/errors/app-error.js';
import { statusOf } from '../lib/errors/codes.js';
import { answerError, answerNotFound, parseQuery, readJsonBody } from '../lib/errors/http-error.js';
import { type AccessLock, lockedBy, type OperatorSessions } from '../lib/net/access-lock.js';
import { tokenProblem } from '../lib/net/bearer-token.js';
import { refuseForeignPages } from '../lib/net/browser-guard.js';
import { clientGone } from '../lib/net/client-gone.js';
import { SlowReaders } from '../lib/net/slow-readers.js';
import { lateRefusals, WrongTokens } from '../lib/net/wrong-tokens.js';
import { Places } from '../lib/places.js';
import { desiredFieldSchema, desiredStateSchema, type ScopeConfig, scopeSchema } from '../protocol/desired-config.js';
import type { Queue, QueueDepth, QueueServerState } from '../queue/queue.js';
import { healthRoutes } from '../queue/queue-health.js';
import type { ReadingsStore, StoreStats } from '../store/store.js';
import { controlRoutes } from './controls/control-routes.js';
import type { FleetControls } from './controls/fleet-controls.js';
import type { EventHub } from './events/event-hub.js';
import { eventStream } from './events/event-stream.js';
import { pastEvents } from './events/past-events.js';
import { historyRoutes } from './history-routes.js';
import type { PipelineStats } from './pipeline.js';
import { pullerMetrics } from './puller-metrics.js';
import { readerRoutes } from './reader-routes.js';

export interface PullerAppDeps {
  queue: Queue;
  hub: EventHub;
  /** Without a store there are no past events and no history. */
  store?: ReadingsStore | undefined;
  /** The alerts that fire now: sent first to every client. */
  firing(): AlertEvent[];
  stats(): Omit<PullerAppStats, 'queue' | 'depth'>;
  failures(): Record<string, number>;
  /** Why readings can't be accepted now. */
  problem?(): string | undefined;
  /** Unix milliseconds, in step with the fleet view. */
  now?(): number;
  /** Keeps the view: what the operator has told it is in no reading. */
  saveView?: (() => Promise<unknown>) | undefined;
  controls?: FleetControls | undefined;
  /** Aborted when the process stops: open event streams close. */
  closed: AbortSignal;
  http: PullerHttpOptions;
}

export interface PullerHttpOptions {
  page: Hono;
  /** Reading needs one of its tokens, when given. The page has its own sign-in. */
  lock?: AccessLock | undefined;
  /** Names under which a browser may reach the puller; undefined: any. */
  hosts?: string[] | undefined;
  /** The operator token; without one annotations are refused. */
  token?: string | undefined;
  /** Browsers that may change things. */
  operator?: OperatorSessions | undefined;
  /** Called with the stack of a bug. */
  log(text: string): void;
}

/** `GET /fleet`. */
export interface FleetSnapshot {
  summary: FleetSummary;
  sensors: SensorView[];
}

/** `GET /stats`. */
export type PullerAppStats = PipelineStats & {
  failures: number;
  /** Why something fails now; undefined: all works. */
  lastError: string | undefined;
  queue: string;
  depth: QueueDepth | undefined;
  /** Its clock, Unix milliseconds. Pullers before 0.2 do not tell it. */
  now?: number;
  /** Only with a store. */
  store?: StoreStats | undefined;
  /** How far the wall clock was set forward, in milliseconds (back: below 0), while that is not confirmed; mostly 0. */
  clockAheadMs?: number;
  /** Of the queue, where it is on a server of ours. */
  queueServer?: QueueServerState | undefined;
  /** Messages in the dead-letter queue; missing where they can't be counted, or where there is no such queue. */
  deadLetters: number | undefined;
};

/** The proxy has checked it, with what may be thousands of hosts: here only its form counts. */
const configs = z.record(
  z.string(),
  z.custom<ScopeConfig>(
    (config) =>
      typeof config === 'object' && config !== null && 'version' in config && Number.isInteger(config.version),
    'must be a configuration with its version',
  ),
);

/**
 * Body of `POST /fleet/convergence`: the desired state of the proxy, the scope, the jobs of the network, and the fields that
 * a change sets or clears.
 */
const convergenceSchema = z.strictObject({
  state: desiredStateSchema.extend({ regions: configs, hosts: configs }),
  scope: scopeSchema,
  jobs: z.strictObject({ deployed: z.array(z.string()), ended: z.array(z.string()) }).optional(),
  fields: z.array(desiredFieldSchema).optional(),
});

/**
 * Body of `POST /fleet/annotations`: what the operator did on purpose, so that the fleet view shows no failure. A region
 * was cut or restored; jobs were stopped; or the network stops, and with it every sensor seen since `since`, whose last
 * readings are taken before `by` (Unix milliseconds).
 */
const annotationSchema = z.union([
  z.strictObject({ region: z.string(), connected: z.boolean() }),
  z.strictObject({ endedJobs: z.array(z.string()) }),
  z.strictObject({ networkEnds: z.strictObject({ since: z.number(), by: z.number() }) }),
]);
export type Annotation = z.infer<typeof annotationSchema>;

/** Browsers, terminals and programs. A slow one holds up to 4 MB. */
const MAX_STREAMS = 100;
/** A replay holds a page of the store, up to 16 MB where messages are large. */
const MAX_REPLAYS = 4;

/** A replay of 100,000 readings, and a query, take a second or two. */
const RETRY_AFTER_S = '2';

const tooMany = (what: string) =>
  new AppError('TOO_MANY_STREAMS', `too many clients ${what} at the same time; try again`);

const time = z.coerce.number('must be Unix milliseconds');
const eventsSchema = z.object({
  region: z.string().optional(),
  since: time.optional(),
  kinds: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(['reading', 'message', 'alert', 'summary'])))
    .optional(),
});

export function createPullerApp(deps: PullerAppDeps): Hono {
  const { queue, hub, store, firing, stats, problem, now = Date.now, controls, closed, http } = deps;
  const { fleet } = hub;
  const streams = new Places(MAX_STREAMS);
  const replays = new Places(MAX_REPLAYS);
  // Every stream listens to it.
  setMaxListeners(0, closed);
  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof AppError && statusOf(error.code) === 429) c.header('retry-after', RETRY_AFTER_S);
    return answerError(error, c, http.log);
  });
  app.notFound(answerNotFound);
  app.use(refuseForeignPages(http.hosts));
  app.route('/', healthRoutes(queue, problem));
  app.use(lateRefusals(new WrongTokens()));
  for (const path of ['/stats', '/metrics', '/fleet/*', '/events', '/controls/*', '/history', '/query', '/export']) {
    app.use(path, lockedBy(http.lock));
  }
  app.get('/stats', async (c) => {
    const depth = await queue.depth().catch(() => undefined);
    return c.json({ ...stats(), queue: queue.name, depth, now: now() } satisfies PullerAppStats);
  });
  app.route('/', pullerMetrics(deps).routes);
  app.route('/', historyRoutes(store, now));
  // These go through the whole fleet.
  const turns = new Turns();
  const slowReaders = new SlowReaders();
  const inTurn = async (c: Context, answer: () => object): Promise<Response> => {
    const text = await turns.run(clientGone(c), () => JSON.stringify(answer()));
    if (text === undefined) return c.body(null);
    slowReaders.add(c, text.length);
    return c.body(text, 200, { 'content-type': 'application/json' });
  };
  app.get('/fleet', (c) => {
    const { region, host } = c.req.query();
    const wanted = (sensor: SensorView) =>
      (region === undefined || sensor.region === region) && (host === undefined || sensor.hostname === host);
    return inTurn(c, (): FleetSnapshot => {
      const time = now();
      return { summary: fleet.summary(time), sensors: fleet.view(time).filter(wanted) };
    });
  });
  app.get('/fleet/summary', (c) => c.json(fleet.summary(now())));
  app.get('/fleet/since', (c) => {
    const { submission } = parseQuery(z.object({ submission: time }), c.req.query());
    return inTurn(c, () => fleet.countSince(submission, now()));
  });
  app.post('/fleet/convergence', async (c) => {
    const { state: desired, ...goal } = await readJsonBody(c, convergenceSchema);
    return inTurn(c, () => fleet.convergence({ desired, ...goal }, now()));
  });
  app.post('/fleet/annotations', async (c) => {
    const problem = tokenProblem(c.req.header('authorization'), [http.token], 'noting this');
    if (problem) throw problem;
    const annotation = await readJsonBody(c, annotationSchema);
    if ('region' in annotation) fleet.setRegionLink(annotation.region, annotation.connected);
    else if ('endedJobs' in annotation) fleet.markJobsStopped(annotation.endedJobs, now());
    else fleet.markSensorsStopped(annotation.networkEnds.since, annotation.networkEnds.by, now());
    await deps.saveView?.();
    return c.json({ status: 'noted' });
  });
  app.get('/events', async (c) => {
    if (closed.aborted) throw new AppError('STOPPING', 'the puller is stopping');
    const { region, since, kinds } = parseQuery(eventsSchema, c.req.query());
    const filter = { region: region || undefined, kinds: kinds && new Set(kinds) };
    const past = since !== undefined && store ? await pastEvents(store, since, filter.kinds) : undefined;
    const leave = streams.take();
    if (!leave) throw tooMany('listen');
    const endReplay = past ? replays.take() : () => {};
    if (!endReplay) {
      leave();
      throw tooMany('read past events');
    }
    return eventStream(c, hub, {
      filter,
      past,
      closed,
      endReplay,
      leave,
      first: firing(),
      resumable: store !== undefined,
    });
  });
  app.route('/', controlRoutes({ controls, operator: http.operator, closed, log: http.log }));
  app.route('/', readerRoutes({ path: () => store?.path, closed, log: http.log }));
  app.route('/', http.page);
  return app;
}
