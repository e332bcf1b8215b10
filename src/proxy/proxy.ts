/**
 * The proxy: takes readings over HTTP, drops those of superseded submissions, and answers once the queue has accepted
 * the rest. An app factory: binding a port belongs to commands.
 *
 * ```ts
 * const { app } = createProxy({ queue });
 * await app.request('/send', { method: 'POST', body: '{"data":{"test":"hello"}}' });
 * ```
 */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { statusOf } from '../lib/errors/codes.js';
import { findBrowserProblem } from '../lib/net/browser-guard.js';
import { addressOf, lateRefusals, WrongTokens } from '../lib/net/late-refusals.js';
import { readBody } from '../lib/net/request-body.js';
import type { ModuleStore } from '../modules/module-store.js';
import { hostKey } from '../protocol/names.js';
import { SENSOR_CONFIG_ATTRIBUTE, SENSOR_CONFIG_HEADER } from '../protocol/sensor-config.js';
import type { Queue } from '../queue/queue.js';
import { healthRoutes } from '../queue/queue-health.js';
import type { AuthorityFollower, FollowStatus } from './authority-follower.js';
import { Batcher, type BatcherOptions, type Outcome } from './batcher.js';
import { configRoutes } from './config-routes.js';
import { DesiredConfigStore } from './desired-config-store.js';
import { KnownPlaces } from './known-places.js';
import { moduleRoutes } from './module-routes.js';
import { MAX_SEND_BYTES, type ParsedBody, parseBody, refuseSome } from './parse-body.js';
import { ProxyCounts, regionOf } from './proxy-counts.js';
import type { ProxyEvent } from './proxy-events.js';
import { proxyMetrics } from './proxy-metrics.js';
import { type Refusal, refusal, refuse } from './refusal.js';
import { RevokedHosts } from './revoked-hosts.js';
import { type GuardOptions, RateLimiter } from './send-guard.js';
import { type Sender, SensorAccess } from './sensor-access.js';
import { sensorRoutes } from './sensor-routes.js';
import { SupersededFilter } from './superseded.js';

export interface ProxyDeps {
  queue: Queue;
  desired?: DesiredConfigStore;
  revoked?: RevokedHosts;
  /** Given where another proxy is the authority for `desired`. */
  follower?: AuthorityFollower;
  /** Left out: it serves none. */
  modules?: ModuleStore;
  guard?: GuardOptions;
  batcher?: BatcherOptions;
  onEvent?(event: ProxyEvent): void;
  /** Called with the stack of a bug. */
  log?(text: string): void;
}

export interface ProxyStats {
  received: number;
  accepted: number;
  superseded: number;
  /** By code. */
  refused: Record<string, number>;
  batches: number;
  retries: number;
  waiting: number;
  /** Why the queue did not take the last batch; undefined: it did. */
  lastQueueError: string | undefined;
  /** Only where this proxy follows another one. */
  follows?: { authority: string; status: FollowStatus | undefined };
}

export interface Proxy {
  app: Hono;
  stats(): ProxyStats;
  /** Resolves when everything accepted has reached the queue. */
  drain(): Promise<void>;
}

/** The outcome of the messages of a request. */
interface SendResult {
  accepted: number;
  superseded: number;
  outcomes: ({ index: number } & Outcome)[];
  /** For the sender, when it has an older one. */
  config: object | undefined;
}

/**
 * Clocks of operators and proxies differ by minutes at most. Readings of a later submission would end all others of their
 * host, so they have to wait until the time has come.
 */
const MAX_SUBMISSION_AHEAD_MS = 300_000;
/** Not before the time that was reached already, also when the clock is set back. */
const monotonicNow = () => Math.max(Date.now(), performance.timeOrigin + performance.now());

const JSON_HEADERS = { 'content-type': 'application/json' };
/** A sensor's report about itself, passed on unchanged; see `parseReportedConfig`. */
const REPORTED = /^[\x21-\x7e]{1,2400}$/;

export function createProxy(deps: ProxyDeps): Proxy {
  const { queue, desired = new DesiredConfigStore(), revoked = new RevokedHosts(), follower, guard = {} } = deps;
  const { onEvent } = deps;
  const batcher = new Batcher(queue, deps.batcher, onEvent);
  const filter = new SupersededFilter();
  const access = new SensorAccess({
    ...{ sharedToken: guard.sensorToken, keys: guard.sensorKeys, open: guard.open, revoked },
  });
  const places = new KnownPlaces();
  const limiter = guard.rateLimit ? new RateLimiter(guard.rateLimit) : undefined;
  const wrongTokens = new WrongTokens();
  const counts = new ProxyCounts();
  const refuseAndCount = (problem: Refusal) => {
    counts.refuse(problem.code);
    const { status, code, message } = problem;
    onEvent?.({ type: 'request.refused', status, code, message });
    return refuse(problem);
  };

  const stats = (): ProxyStats => ({
    received: counts.received,
    accepted: counts.accepted.total,
    superseded: counts.superseded.total,
    refused: counts.refused,
    batches: batcher.stats.batches,
    retries: batcher.stats.retries,
    waiting: batcher.stats.waiting,
    lastQueueError: batcher.stats.lastError,
    ...(follower ? { follows: { authority: follower.url, status: follower.status } } : {}),
  });

  async function send(c: Context): Promise<Response> {
    const sender = access.identify(c.req.header('authorization'), Date.now());
    if ('code' in sender) {
      const address = sender.code === 'TOKEN_WRONG' ? addressOf(c) : undefined;
      if (address !== undefined) await wrongTokens.wait(address);
      return refuseAndCount(sender);
    }
    const sent = await readBody(c, (bytes) => parseBody(bytes, Date.now()), MAX_SEND_BYTES);
    if ('code' in sent) return refuseAndCount(sent);
    const own = refuseForeign(sent, sender);
    if ('code' in own) return refuseAndCount(own);
    const host = String(own.messages[0]?.message.hostname ?? 'unknown');
    const wait = limiter?.take(hostKey(host), own.messages.length, performance.now());
    if (wait !== undefined)
      return refuseAndCount(refusal(429, 'TOO_FAST', 'this sender sends too many readings', wait));
    const body = refuseSome(own, (message) => places.findProblem(message, performance.now(), !sender.anonymous));
    if ('code' in body) return refuseAndCount(body);
    const first = body.messages[0]?.message;
    counts.received += body.messages.length + body.refused.length;
    for (const { code } of body.refused) counts.refuse(code);

    const reported = c.req.header(SENSOR_CONFIG_HEADER);
    const attributes =
      reported !== undefined && REPORTED.test(reported) ? { [SENSOR_CONFIG_ATTRIBUTE]: reported } : undefined;
    const current = body.messages.filter(({ message }) => {
      const superseded = filter.isSuperseded(message);
      if (superseded) counts.superseded.add(regionOf(message));
      return !superseded;
    });
    const replaced = body.messages.length - current.length;
    const outcomes = await Promise.all(
      current.map(async ({ index, text, message }) => {
        const outcome = await batcher.add(attributes ? { body: text, attributes } : { body: text });
        if (outcome.status === 'accepted') counts.accept(message);
        return { index, ...outcome };
      }),
    );
    const accepted = outcomes.filter((outcome) => outcome.status === 'accepted').length;
    const config = first && newerConfig(desired, { reported, believed: !sender.stranger }, first);
    return answer(body, { accepted, superseded: replaced, outcomes, config });
  }

  /** Leaves the readings that the sender may send. */
  function refuseForeign(body: ParsedBody, sender: Sender): ParsedBody | Refusal {
    const latest = Math.max(monotonicNow(), desired.version) + MAX_SUBMISSION_AHEAD_MS;
    if (body.messages.some(({ message }) => Number(message.job_submission_time ?? 0) > latest)) {
      const message = 'job_submission_time is minutes ahead of this clock: no deployment can have given it yet';
      return refusal(503, 'SUBMISSION_AHEAD', message, 2);
    }
    return refuseSome(body, ({ hostname }) => access.problemOf(sender, hostname));
  }

  function answer(body: ParsedBody, { accepted, superseded, outcomes, config }: SendResult): Response {
    const busy = outcomes.find((outcome) => outcome.status === 'busy');
    if (busy?.status === 'busy') return refuseAndCount(refusal(503, busy.code, busy.reason, 2));
    const tail = config && { config };
    const byQueue = outcomes.flatMap((outcome) =>
      outcome.status === 'refused' ? { index: outcome.index, code: outcome.code, reason: outcome.reason } : [],
    );
    const [only] = byQueue;
    if (!body.batch && only) return refuseAndCount(refusal(422, only.code, only.reason));
    for (const { code } of byQueue) counts.refuse(code);
    const refused = [...body.refused.map(({ index, code, message }) => ({ index, code, reason: message })), ...byQueue];
    if (refused.length > 0) {
      return Response.json({ status: 'partial', accepted, refused, ...tail }, { status: 207 });
    }
    if (accepted === 0) return Response.json({ status: 'superseded', ...tail });
    const counted = superseded > 0 ? { accepted, superseded } : { accepted };
    // The answer of almost every request: the server sends this kind fastest.
    return new Response(JSON.stringify({ status: 'accepted', ...counted, ...tail }), { headers: JSON_HEADERS });
  }

  const app = new Hono();
  app.use(async (c, next) => {
    const problem = findBrowserProblem(c, guard.hosts);
    return problem ? refuseAndCount(refusal(403, problem.code, problem.reason)) : next();
  });
  app.post('/send', send);
  app.route('/', healthRoutes(queue));
  app.use(lateRefusals(wrongTokens, (_, problem) => refuseAndCount(problem)));
  const locked: MiddlewareHandler = async (c, next) => {
    const problem = guard.lock?.problemOf(c, Date.now());
    return problem ? refuseAndCount(problem) : next();
  };
  app.get('/stats', locked, (c) => c.json(stats()));
  app.use('/metrics', locked);
  app.route('/', proxyMetrics(counts, batcher.stats).routes);
  app.route('/', configRoutes({ desired, ...(follower ? { follower } : {}), guard, access, refuse: refuseAndCount }));
  app.route('/', sensorRoutes({ revoked, operatorToken: guard.operatorToken, refuse: refuseAndCount }));
  const { modules } = deps;
  if (modules) {
    const { operatorToken } = guard;
    app.route('/', moduleRoutes({ modules, operatorToken, access, refuse: refuseAndCount }));
  }
  app.notFound((c) => refuseAndCount(refusal(404, 'NO_SUCH_PATH', `there is no ${c.req.method} ${c.req.path} here`)));
  app.onError((error, c) => {
    if (error instanceof AppError) {
      const http = statusOf(error.code);
      return refuseAndCount(refusal(http, error.code, error.message, http < 500 ? undefined : 2));
    }
    deps.log?.(`${c.req.method} ${c.req.path}: ${error.stack ?? messageOf(error)}`);
    return refuseAndCount(refusal(500, 'INTERNAL', messageOf(error), 2));
  });
  return { app, stats, drain: () => batcher.drain() };
}

/** The sender's effective configuration, when the sender has an older one. Cheap while all are up to date. */
function newerConfig(
  desired: DesiredConfigStore,
  { reported, believed }: { reported: string | undefined; believed: boolean },
  message: Record<string, unknown>,
): object | undefined {
  if (reported === undefined) return undefined;
  const version = Number(/^v=(\d{1,15});/.exec(reported)?.[1] ?? Number.NaN);
  if (believed) desired.recordReportedVersion(version);
  if (!(version < desired.version)) return undefined;
  const effective = desired.effective(String(message.region), String(message.hostname));
  return effective.version > version ? effective : undefined;
}
