/** The puller's HTTP API: the fleet view as a snapshot and as live events, for `tail`, `status` and the web page. */
import { setMaxListeners } from 'node:events';
import { Hono } from 'hono';
import { z } from 'zod';
import type { AlertEvent } from '../fleet/fleet-events.js';
import type { FleetSummary, MissingPart, SensorView } from '../fleet/fleet-view.js';
import { Exclusive } from '../lib/async/exclusive.js';
import { AppError } from '../lib/errors/app-error.js';
import { statusOf } from '../lib/errors/codes.js';
import { answerError, answerNotFound, parseQuery } from '../lib/errors/http-error.js';
import type { AccessLock, OperatorSessions } from '../lib/net/access-lock.js';
import { refuseForeignPages } from '../lib/net/browser-guard.js';
import { lateRefusals, WrongTokens } from '../lib/net/wrong-tokens.js';
import { Places } from '../lib/places.js';
import { healthRoutes } from '../queue/queue-health.js';
import { controlRoutes } from './controls/control-routes.js';
import type { FleetControls } from './controls/fleet-controls.js';
import type { EventBus, Listener } from './events/event-bus.js';
import { eventStream, type StreamFilter } from './events/event-stream.js';
import { pastEvents, pastOfAll } from './events/past-events.js';
import { fleetRoutes, isFromPuller, lockedForClients } from './fleet-routes.js';
import { historyRoutes } from './history-routes.js';
import type { PeerEvents } from './peers/peer-events.js';
import type { OfShard } from './peers/peers.js';
import type { StatsPart } from './peers/questions.js';
import { WholeFleet } from './peers/whole-fleet.js';
import { pullerMetrics } from './puller-metrics.js';
import { readerRoutes } from './reader-routes.js';
import type { Units } from './shards/units.js';

export interface PullerAppDeps {
  units: Units;
  whole?: WholeFleet;
  /** What the units here publish, and what is said of the whole fleet. */
  bus: Pick<EventBus, 'subscribe'>;
  peerEvents?: PeerEvents;
  /** The alerts that fire now: sent first to every client. */
  firing(): AlertEvent[];
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
  /** How many more there are, where a limit was given. */
  leftOut?: number;
}

/** `GET /stats`. */
export type PullerAppStats = Omit<StatsPart, 'messages' | 'lagMs' | 'rate' | 'problem'> & {
  /** Its clock, Unix milliseconds. */
  now: number;
  /** Where there is more than one: what each adds to the counts, and which puller holds it. */
  shards?: OfShard<StatsPart>[];
  /** Shards that are in none of the counts; left out where all are. */
  missing?: MissingPart[];
};

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
  const { units, whole = new WholeFleet(units), bus, peerEvents, firing, controls, closed, http } = deps;
  const streams = new Places(MAX_STREAMS);
  const replays = new Places(MAX_REPLAYS);
  const now = () => whole.now();
  // Every stream listens to it.
  setMaxListeners(0, closed);
  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof AppError && statusOf(error.code) === 429) c.header('retry-after', RETRY_AFTER_S);
    return answerError(error, c, http.log);
  });
  app.notFound(answerNotFound);
  app.use(refuseForeignPages(http.hosts));
  app.route(
    '/',
    healthRoutes(queueOf(units), () => problemOf(units)),
  );
  app.use(lateRefusals(new WrongTokens()));
  for (const path of ['/stats', '/metrics', '/fleet/*', '/events', '/controls/*', '/history', '/query', '/export']) {
    app.use(path, lockedForClients(http.lock, units.secret));
  }
  app.get('/stats', async (c) => c.json(await whole.stats()));
  app.route('/', pullerMetrics({ units, bus, now }).routes);
  app.route('/', historyRoutes(units.store, now));
  app.route('/', fleetRoutes(whole, { token: http.token, secret: units.secret }));
  app.get('/events', async (c) => {
    if (closed.aborted) throw new AppError('STOPPING', 'the puller is stopping');
    const { region, since, kinds } = parseQuery(eventsSchema, c.req.query());
    const filter = { region: region || undefined, kinds: kinds && new Set(kinds) };
    const past = since === undefined ? undefined : await pastOf(units, since, filter.kinds, isFromPuller(c));
    const subscribe = (listener: Listener) => {
      const leaveUnits = bus.subscribe(listener);
      const leavePeers = isFromPuller(c) ? undefined : peerEvents?.subscribe(filter.kinds, listener);
      return () => {
        leaveUnits();
        leavePeers?.();
      };
    };
    const leave = streams.take();
    if (!leave) throw tooMany('listen');
    const endReplay = past ? replays.take() : () => {};
    if (!endReplay) {
      leave();
      throw tooMany('read past events');
    }
    return eventStream(
      c,
      { subscribe, storing: storingOf(units) },
      {
        filter,
        past,
        closed,
        endReplay,
        leave,
        // Another puller hears them from whoever raises them.
        first: isFromPuller(c) && !units.held().some(({ shard }) => shard === 0) ? [] : firing(),
        resumable: units.store !== undefined,
        overlaps: !isAllHere(units),
      },
    );
  });
  app.route('/', controlRoutes({ controls, operator: http.operator, closed, log: http.log }));
  app.route('/', readerRoutes({ path: () => units.store?.path, closed, log: http.log }));
  app.route('/', http.page);
  return app;
}

/** Of all shards, or only of those here. */
async function pastOf(units: Units, since: number, kinds: StreamFilter['kinds'], isOwn: boolean) {
  const all = isOwn
    ? units.held().map(({ shard }) => shard)
    : Array.from({ length: units.shards }, (_, shard) => shard);
  const stores = all.flatMap((shard) => units.past(shard) ?? []);
  return stores.length === 0
    ? undefined
    : pastOfAll(await Promise.all(stores.map((store) => pastEvents(store, since, kinds))));
}

/** Nothing holds up several shards, which may be elsewhere. */
const storingOf = (units: Units): Exclusive =>
  (isAllHere(units) ? units.held()[0]?.hub.storing : undefined) ?? new Exclusive();

const isAllHere = (units: Units): boolean => units.shards === 1 && units.held().length === 1;

/** That of the first shard here: all are on the same service. */
const queueOf = (units: Units) => ({
  get name() {
    return units.held()[0]?.queue.name ?? '';
  },
  depth: async () => units.held()[0]?.queue.depth() ?? { visible: 0, inFlight: 0, delayed: 0 },
});

/** Why readings can't be accepted now. */
const problemOf = (units: Units): string | undefined =>
  units
    .held()
    .map((unit) => unit.problem())
    .find((problem) => problem !== undefined);
