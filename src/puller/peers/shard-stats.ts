/** `GET /stats`: what the units of all shards have counted, together and one by one. */
import type { MissingPart } from '../../fleet/fleet-view.js';
import type { QueueDepth } from '../../queue/queue.js';
import type { StoreStats } from '../../store/store.js';
import type { Conditions } from '../alerts/condition-alerts.js';
import type { KnownShards } from '../alerts/shard-alerts.js';
import type { PullerAppStats } from '../puller-app.js';
import type { OfShard } from './peers.js';
import type { ShardPart, StatsPart } from './questions.js';

/** `shards`: how many there are. */
export function mergeStats(
  parts: OfShard<StatsPart>[],
  shards: number,
  missing: MissingPart[],
): Omit<PullerAppStats, 'now'> {
  const [first] = parts;
  const sum = (key: 'received' | 'deleted' | 'deadLettered' | 'failures') =>
    parts.reduce((total, part) => total + part[key], 0);
  const deadLetteredBy: Record<string, number> = {};
  for (const part of parts) {
    for (const [code, n] of Object.entries(part.deadLetteredBy)) deadLetteredBy[code] = (deadLetteredBy[code] ?? 0) + n;
  }
  return {
    received: sum('received'),
    deleted: sum('deleted'),
    deadLettered: sum('deadLettered'),
    deadLetteredBy,
    failures: sum('failures'),
    lastError: parts.find(({ lastError }) => lastError !== undefined)?.lastError,
    queue: first?.queue ?? '',
    depth: sumDepths(parts.map(({ depth }) => depth)),
    deadLetters: sumKnown(parts.map(({ deadLetters }) => deadLetters)),
    store: mergeStores(parts.map(({ store }) => store)),
    clockAheadMs: first?.clockAheadMs ?? 0,
    queueServer: first?.queueServer,
    ...(shards === 1 ? {} : { shards: parts.sort((a, b) => a.shard - b.shard) }),
    ...(missing.length === 0 ? {} : { missing }),
  };
}

/** What there is to say of the store, the queue and the clock, by what the units say. `shards`: how many there are. */
export function conditionsOf(parts: OfShard<ShardPart>[], shards: number): Conditions & Pick<KnownShards, 'shards'> {
  const [first] = parts;
  return {
    // Of a single queue the metrics tell it.
    shards: shards === 1 ? [] : parts.map(({ shard, stats }) => ({ shard, lagMs: stats.lagMs })),
    store: mergeStores(parts.map(({ stats }) => stats.store)),
    storeProblem: parts.find(({ problem }) => problem !== undefined)?.problem,
    clockAheadMs: first?.stats.clockAheadMs ?? 0,
    queueServer: first?.stats.queueServer,
    deadLetters: sumKnown(parts.map(({ stats }) => stats.deadLetters)),
  };
}

/** Undefined where one of them is not known. */
export const sumKnown = (numbers: (number | undefined)[]): number | undefined =>
  numbers.reduce((sum, number) => (sum === undefined || number === undefined ? undefined : sum + number), 0);

function sumDepths(depths: (QueueDepth | undefined)[]): QueueDepth | undefined {
  const of = (key: keyof QueueDepth) => sumKnown(depths.map((depth) => depth?.[key]));
  const [visible, inFlight, delayed] = [of('visible'), of('inFlight'), of('delayed')];
  return visible === undefined || inFlight === undefined || delayed === undefined
    ? undefined
    : { visible, inFlight, delayed };
}

/** Undefined where no unit has a store. */
function mergeStores(all: (StoreStats | undefined)[]): StoreStats | undefined {
  const stores = all.filter((store) => store !== undefined);
  const [first] = stores;
  if (!first || stores.length === 1) return first;
  return {
    damagedRows: stores.reduce((sum, { damagedRows }) => sum + damagedRows, 0),
    quarantined: [...new Set(stores.flatMap(({ quarantined }) => quarantined))],
    writtenBack: stores.find(({ writtenBack }) => writtenBack)?.writtenBack,
  };
}
