/** What is asked of the whole fleet, and so by one puller of the others: of each question its arguments, and what a unit says to it. */
import { z } from 'zod';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { SensorView, SummaryPart } from '../../fleet/fleet-view.js';
import {
  desiredFieldSchema,
  desiredStateSchema,
  type ScopeConfig,
  scopeSchema,
} from '../../protocol/desired-config.js';
import type { QueueDepth } from '../../queue/queue.js';
import type { Unit, UnitStats } from '../shards/units.js';

export interface Question<A = unknown, T = unknown> {
  name: string;
  args: z.ZodType<A>;
  /** The answer names single sensors: of many it takes longer. */
  isLong?: boolean;
  /** Something that everybody is to hear, also who did not answer before. */
  isTold?: boolean;
  of(unit: Unit, args: A): T | Promise<T>;
}

const nothing = z.strictObject({});

/** Names what the schema of a question leaves to be written. */
const question = <A, T>(asked: Question<A, T>): Question<A, T> => asked;

/** A view of fewer is always counted anew, which takes a millisecond. */
const LARGE = 5_000;
/** What was counted is given again for so many times as long as counting took. */
const KEPT_TIMES = 25;
const LONGEST_KEPT_MS = 5_000;

/** `until`: of `performance.now()`. */
const counted = new WeakMap<Unit, { part: SummaryPart; until: number }>();

/** Every second each of the others asks for it, and so do we, pages and commands. */
function partOf(unit: Unit): SummaryPart {
  const began = performance.now();
  const known = counted.get(unit);
  if (known && began < known.until) return known.part;
  const { fleet } = unit.hub;
  const part = fleet.part(unit.now());
  const ended = performance.now();
  const keptMs = fleet.size < LARGE ? 0 : Math.min(LONGEST_KEPT_MS, KEPT_TIMES * (ended - began));
  counted.set(unit, { part, until: ended + keptMs });
  return part;
}

export const SUMMARY = question({ name: 'summary', args: nothing, of: partOf });

/** Of the sensors that a unit may name; `leftOut`: how many more it has. */
export interface SnapshotPart extends SummaryPart {
  sensors: SensorView[];
  leftOut: number;
}

/** Sensors of one region or host, where one is named. `limit`: of each shard. */
export const SENSORS = question({
  name: 'sensors',
  args: z.strictObject({ region: z.string().optional(), host: z.string().optional(), limit: z.number() }),
  isLong: true,
  of: (unit, { limit, ...place }): SnapshotPart => ({
    ...partOf(unit),
    ...unit.hub.fleet.list(unit.now(), place, limit),
  }),
});

/** `submission`: Unix milliseconds. */
export const COUNT_SINCE = question({
  name: 'since',
  args: z.object({ submission: z.coerce.number('must be Unix milliseconds') }),
  of: ({ hub, now }, { submission }) => ({ counts: hub.fleet.countSince(submission, now()) }),
});

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
 * Body of `POST /fleet/convergence`: the desired state of the proxy, the scope, the jobs of the network, the fields that a
 * change sets or clears; and when jobs were submitted last, as another puller knows it.
 */
export const CONVERGENCE = question({
  name: 'convergence',
  args: z.strictObject({
    state: desiredStateSchema.extend({ regions: configs, hosts: configs }),
    scope: scopeSchema,
    jobs: z.strictObject({ deployed: z.array(z.string()), ended: z.array(z.string()) }).optional(),
    fields: z.array(desiredFieldSchema).optional(),
    submissions: z.record(z.string(), z.number()).optional(),
  }),
  isLong: true,
  of: ({ hub, now }, { state: desired, ...rest }) => hub.fleet.convergence({ desired, ...rest }, now()),
});
export type WantedConvergence = z.output<typeof CONVERGENCE.args>;

/**
 * Body of `POST /fleet/annotations`: what the operator did on purpose, so that the fleet view shows no failure. A region
 * was cut or restored; jobs were stopped; or the network stops, and with it every sensor seen since `since`, whose last
 * readings are taken before `by` (Unix milliseconds). The view is kept: what the operator says is in no reading.
 */
export const ANNOTATION = question({
  name: 'annotation',
  args: z.union([
    z.strictObject({ region: z.string(), connected: z.boolean() }),
    z.strictObject({ endedJobs: z.array(z.string()) }),
    z.strictObject({ networkEnds: z.strictObject({ since: z.number(), by: z.number() }) }),
  ]),
  isTold: true,
  async of({ hub: { fleet }, now, saveView }, annotation) {
    if ('region' in annotation) fleet.setRegionLink(annotation.region, annotation.connected);
    else if ('endedJobs' in annotation) fleet.markJobsStopped(annotation.endedJobs, now());
    else fleet.markSensorsStopped(annotation.networkEnds.since, annotation.networkEnds.by, now());
    await saveView?.();
    return {};
  },
});
export type Annotation = z.output<typeof ANNOTATION.args>;

export interface StatsPart extends UnitStats {
  queue: string;
  depth: QueueDepth | undefined;
  /** Readings per second over the last seconds. */
  rate: number;
  /** Why its readings can't be stored now. */
  problem?: string | undefined;
}

/** Asks its queue first, which takes a moment. */
export const STATS = question({
  name: 'stats',
  args: nothing,
  async of(unit): Promise<StatsPart> {
    const depth = await unit.queue.depth().catch(() => undefined);
    const { hub, queue } = unit;
    return { ...unit.stats(), queue: queue.name, depth, rate: hub.fleet.rate(unit.now()), problem: unit.problem() };
  },
});

/** What a unit adds to the summary, and how it is: for the one puller that watches over all of them. */
export interface ShardPart extends SummaryPart {
  stats: UnitStats;
  /** Why its readings can't be stored now. */
  problem?: string | undefined;
  /** The alerts of the whole fleet that fire: shard 0 has them. */
  firing?: AlertEvent[];
}

/** `firing`: the alerts of the whole fleet, where they are raised here. */
export const watchQuestion = (firing: () => AlertEvent[]): Question<object, ShardPart> => ({
  name: 'watch',
  args: nothing,
  of(unit) {
    const ofFleet = unit.shard === 0 ? { firing: firing() } : {};
    return { ...partOf(unit), stats: unit.stats(), problem: unit.problem(), ...ofFleet };
  },
});
