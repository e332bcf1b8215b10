/**
 * The proxy: takes readings over HTTP, drops those of superseded submissions, and answers once the queue has accepted
 * the rest. An app factory: binding a port belongs to commands.
 *
 * ```ts
 * const { app } = createProxy({ queue });
 * await app.request('/send', { method: 'POST', body: '{"data":{"test":"hello"}}' });
 * ```
 */
import { Hono } from 'hono';
import { type AccessLock, lockedBy } from '../lib/net/access-lock.js';
import { refuseForeignPages } from '../lib/net/browser-guard.js';
import { lateRefusals, WrongTokens } from '../lib/net/wrong-tokens.js';
import type { ModuleStore } from '../modules/module-store.js';
import type { RelayReport } from '../protocol/relay.js';
import type { QueueToSend } from '../queue/queue.js';
import { healthRoutes } from '../queue/queue-health.js';
import { asOne } from '../queue/shard-queues.js';
import type { AuthorityFollower } from './authority-follower.js';
import { type ConfigEvent, configRoutes } from './config-routes.js';
import { type DesiredConfigStore, desiredConfigStore } from './desired-config-store.js';
import { moduleRoutes } from './module-routes.js';
import { ProxyCounts, proxyMetrics } from './proxy-counts.js';
import { type Refusal, refusal, refusalOf, refuse } from './refusal.js';
import { type RevokedHosts, revocationRoutes, revocations } from './revoked-hosts.js';
import { Batcher, type BatcherOptions, type ProxyEvent } from './send/batcher.js';
import { SendReadings } from './send/send-readings.js';
import { type SensorAccessOptions, sensorAccess } from './sensor-access.js';
import type { Change, SharedState } from './shared-state.js';
import type { ModuleSource } from './upstream-modules.js';

export interface ProxyDeps {
  /** That of each shard. */
  queue: QueueToSend | QueueToSend[];
  desired?: DesiredConfigStore;
  revoked?: RevokedHosts;
  /** Given where another proxy is the authority for `desired`. */
  follower?: AuthorityFollower;
  /** Given where `desired` and `revoked` are copies of what proxies share in a database. */
  shared?: SharedState;
  /** Given where this proxy is a relay, which forwards what its queue has. */
  uplink?: { status: UplinkStatus };
  /** Left out: it serves none. */
  modules?: ModuleStore;
  /** Given where this proxy is a relay. */
  moduleSource?: ModuleSource;
  guard?: GuardOptions;
  batcher?: BatcherOptions;
  /** Readings go to the queue many in a message, which older pullers and other programs can't read. */
  pack?: boolean;
  onEvent?(event: ProxyEvent | ConfigEvent): void;
  /** Called with the stack of a bug. */
  log?(text: string): void;
}

export interface GuardOptions extends SensorAccessOptions {
  /** Needed to change configuration; without one nobody can. */
  operatorToken?: string | undefined;
  /** Reading the configuration and the counts needs one of its tokens, when given. */
  lock?: AccessLock | undefined;
  /** Names (without port) under which this service is reached; others in `Host` are refused. `undefined`: any. */
  hosts?: string[] | undefined;
  /**
   * Messages a second that one sender may send; 0 = any number. A sender is the host that it names, because many sensors
   * share an address; the token decides who may send at all.
   */
  rateLimit?: number;
}

/** What a relay says of its way upstream. */
export interface UplinkStatus extends RelayReport {
  upstream: string;
  /** Why upstream did not take the last readings; undefined: it did. */
  problem: string | undefined;
  /** Readings that upstream has taken since the start. */
  forwarded: number;
}

export type ProxyStats = ReturnType<ReturnType<typeof createProxy>['stats']>;

export function createProxy(deps: ProxyDeps) {
  const { desired = desiredConfigStore(), revoked = revocations(), follower, guard = {} } = deps;
  const { onEvent, uplink, shared, pack = false } = deps;
  const change: Change = shared?.change ?? (async (work) => work({ desired, revoked }));
  const queues = [deps.queue].flat();
  const limits = { pack, ...limitsFor(queues.length), ...deps.batcher };
  const batchers = queues.map((queue) => new Batcher(queue, limits, onEvent));
  const { operatorToken, lock, hosts, rateLimit = 0 } = guard;
  const access = sensorAccess(guard, revoked);
  const wrongTokens = new WrongTokens();
  const counts = new ProxyCounts();
  const onRefused = ({ status, code, message }: Refusal) => {
    counts.refuse(code);
    onEvent?.({ type: 'request.refused', status, code, message });
  };
  const refused = (problem: Refusal | Response) => {
    if (problem instanceof Response) return problem;
    onRefused(problem);
    return refuse(problem);
  };

  const authority = follower ?? shared;
  const stats = () => {
    const { batches, retries, waiting, lastError: lastQueueError } = sumOf(batchers);
    const { received, accepted, superseded, refused } = counts;
    return {
      received,
      accepted: accepted.total,
      superseded: superseded.total,
      /** By code. */
      refused,
      batches,
      retries,
      waiting,
      /** Why the queue did not take the last batch; undefined: it did. */
      lastQueueError,
      /** Only of a relay. */
      uplink: uplink?.status,
      /** Only where this proxy follows another one, or a database. */
      follows: authority && { authority: authority.url, status: authority.status },
    };
  };

  const queue = asOne(queues);
  const queued = depthOf(queue);
  const sending = { batchers, desired, access, wrongTokens, hosts, rateLimit, counts, queued, onRefused, pack };
  const readings = new SendReadings(sending);
  const app = new Hono();
  app.post('/send', async (c) => refused(await readings.answer(c)));
  app.post('/send/many', (c) => readings.answerMany(c));
  app.post('/relay', async (c) => refused(await readings.answerRelay(c)));
  app.use(refuseForeignPages(hosts));
  const uplinkFacts = () => (uplink ? { uplink: uplink.status.problem ?? 'connected' } : {});
  app.route('/', healthRoutes(queue, undefined, uplinkFacts));
  app.use(lateRefusals(wrongTokens, (c) => access.isRelay(c.req.header('authorization'))));
  app.get('/stats', lockedBy(lock), (c) => c.json(stats()));
  app.use('/metrics', lockedBy(lock));
  app.route('/', proxyMetrics(counts, () => sumOf(batchers), uplink).routes);
  app.route(
    '/',
    configRoutes({ desired, follower, change, shared: shared?.url, operatorToken, lock, access, onEvent }),
  );
  app.route('/', revocationRoutes(revoked, change, operatorToken));
  if (deps.modules) app.route('/', moduleRoutes(deps.modules, access, operatorToken, deps.moduleSource));
  app.notFound((c) => refused(refusal('NO_SUCH_PATH', `there is no ${c.req.method} ${c.req.path} here`)));
  app.onError((error, c) => refused(refusalOf(error, `${c.req.method} ${c.req.path}`, deps.log)));
  // Everything that was accepted reaches the queue before `drain` resolves.
  return { app, stats, drain: () => Promise.all(batchers.map((batcher) => batcher.drain())) };
}

/** The batchers of all shards together hold what one may, but each as much as the largest request of a relay. */
const limitsFor = (shards: number) => (shards === 1 ? {} : { maxBytes: Math.max(4, 64 / shards) * 1_048_576 });

function sumOf(batchers: Batcher[]) {
  const all = { batches: 0, retries: 0, waiting: 0, lastError: undefined as string | undefined };
  for (const { stats } of batchers) {
    all.batches += stats.batches;
    all.retries += stats.retries;
    all.waiting += stats.waiting;
    all.lastError ??= stats.lastError;
  }
  return all;
}

/** Amazon bills each request. */
const DEPTH_AGE_MS = 250;

/** Gives the messages in a queue as it said last, and asks it again: nobody waits for one that does not answer. */
function depthOf(queue: Pick<QueueToSend, 'depth'>): () => number | undefined {
  let last: number | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  const ask = async () => {
    last = (await queue.depth().catch(() => undefined))?.visible;
  };
  return () => {
    if (performance.now() - askedAt > DEPTH_AGE_MS) {
      askedAt = performance.now();
      void ask();
    }
    return last;
  };
}
