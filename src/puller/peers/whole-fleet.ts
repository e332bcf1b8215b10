/** The whole fleet, wherever its shards are: what the units here and those of the other pullers say together. */
import type { Goal } from '../../fleet/convergence.js';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { Convergence, FleetSummary, MissingPart, SensorView, SummaryPart } from '../../fleet/fleet-view.js';
import {
  learnRelays,
  mergeConvergence,
  mergeCounts,
  mergeSummaries,
  mergeViews,
  unknownSubmissions,
} from '../../fleet/merge-parts.js';
import type { FleetReader } from '../fleet-client.js';
import type { Annotation } from '../fleet-routes.js';
import type { FleetSnapshot } from '../puller-app.js';
import type { Unit, UnitStats, Units } from '../shards/units.js';
import { type OfShard, type PeerAnswers, Peers, type Question } from './peers.js';

/** What a unit adds to the summary, and how it is: for the one puller that watches over all of them. */
export interface ShardPart extends SummaryPart {
  stats: UnitStats;
  /** Why its readings can't be stored now. */
  problem?: string | undefined;
  /** The alerts of the whole fleet that fire: shard 0 has them. */
  firing?: AlertEvent[];
}

export interface Together<T> {
  parts: OfShard<T>[];
  missing: MissingPart[];
  /** Two pullers have the same shard: one of them is wrong. */
  isDisputed: boolean;
}

/** What was made is given again for so many times as long as making it took. */
const KEPT_TIMES = 10;
const LONGEST_KEPT_MS = 800;

const SUMMARY: Question<SummaryPart> = {
  path: '/fleet/summary',
  of: ({ hub, now }) => hub.fleet.part(now()),
};

export class WholeFleet implements FleetReader {
  readonly peers: Peers;
  /** What other pullers are told. */
  readonly shardParts: Question<ShardPart>;
  readonly #units: Units;
  /** `until`: of `performance.now()`. */
  readonly #made = new WeakMap<Unit, { part: SummaryPart; until: number }>();

  /** `firing`: the alerts of the whole fleet, where they are raised here. */
  constructor(units: Units, firing: () => AlertEvent[] = () => []) {
    this.#units = units;
    this.peers = new Peers(units);
    this.shardParts = {
      path: SUMMARY.path,
      of: (unit) => ({
        ...this.#partOf(unit),
        stats: unit.stats(),
        problem: unit.problem(),
        ...(unit.shard === 0 ? { firing: firing() } : {}),
      }),
    };
  }

  /** Every second each of the others asks for it, and we do. Of many sensors it is made only as often as it costs little. */
  #partOf(unit: Unit): SummaryPart {
    const began = performance.now();
    const made = this.#made.get(unit);
    if (made && began < made.until) return made.part;
    const part = SUMMARY.of(unit);
    const ended = performance.now();
    this.#made.set(unit, { part, until: ended + Math.min(LONGEST_KEPT_MS, KEPT_TIMES * (ended - began)) });
    return part;
  }

  /** Unix milliseconds, in step with the fleet views here. */
  now(): number {
    return this.#units.held()[0]?.now() ?? Date.now();
  }

  async summary(): Promise<FleetSummary> {
    return this.#summary(this.peers.together(SUMMARY, await this.peers.ask(SUMMARY)));
  }

  /**
   * What all units say now, and its summary. The fleets here learn which relays the others have heard: call it every second,
   * with which pullers that were silent are asked again, too.
   */
  async refresh(): Promise<Together<ShardPart> & { summary: FleetSummary }> {
    const together = this.peers.together(this.shardParts, await this.peers.ask(this.shardParts));
    if (this.#units.shards > 1) {
      for (const { hub, now } of this.#units.held()) learnRelays(hub.fleet.relays, together.parts, now());
    }
    const summary = this.#summary(together);
    this.peers.sensors = summary.total.live + summary.total.paused + summary.total.silent;
    return { ...together, summary };
  }

  async snapshot(): Promise<FleetSnapshot> {
    const question = snapshotQuestion({});
    return this.snapshotOf(question, await this.peers.ask(question));
  }

  snapshotOf(question: Question<SnapshotPart>, answers: PeerAnswers<SnapshotPart>): FleetSnapshot {
    const together = this.peers.together(question, answers);
    return { summary: this.#summary(together), sensors: mergeViews(together.parts.map(({ sensors }) => sensors)) };
  }

  countSinceOf(question: Question<CountPart>, answers: PeerAnswers<CountPart>): Record<string, number> {
    return mergeCounts(this.peers.together(question, answers).parts.map(({ counts }) => counts));
  }

  convergence: FleetReader['convergence'] = (desired, scope, goal = {}) => this.reach({ desired, scope, ...goal });

  async reach(goal: Goal): Promise<Convergence> {
    const [only] = this.#units.held();
    if (this.#units.shards === 1 && only) return only.hub.fleet.convergence(goal, only.now());
    let together = await this.#reach({ ...goal, submissions: {} });
    const submissions = unknownSubmissions(together.parts);
    if (submissions) together = await this.#reach({ ...goal, submissions });
    return { ...mergeConvergence(together.parts, goal.fields), ...missingOf(together) };
  }

  /** Others that do not answer have not heard it. */
  async annotate(annotation: Annotation): Promise<void> {
    await Promise.all([this.annotateOwn(annotation), this.peers.tell('/fleet/annotations', annotation)]);
  }

  async annotateOwn(annotation: Annotation): Promise<void> {
    await Promise.all(this.#units.held().map((unit) => annotate(unit, annotation)));
  }

  async #reach(goal: Goal): Promise<Together<Convergence>> {
    const question = convergenceQuestion(goal);
    return this.peers.together(question, await this.peers.ask(question));
  }

  #summary(together: Together<SummaryPart>): FleetSummary {
    return { ...mergeSummaries(together.parts, this.now()), ...missingOf(together) };
  }
}

/** The view is kept: what the operator says is in no reading. */
async function annotate({ hub: { fleet }, now, saveView }: Unit, annotation: Annotation): Promise<void> {
  if ('region' in annotation) fleet.setRegionLink(annotation.region, annotation.connected);
  else if ('endedJobs' in annotation) fleet.markJobsStopped(annotation.endedJobs, now());
  else fleet.markSensorsStopped(annotation.networkEnds.since, annotation.networkEnds.by, now());
  await saveView?.();
}

interface SnapshotPart extends SummaryPart {
  sensors: SensorView[];
}

/** Sensors of one region or host, where one is named. */
export function snapshotQuestion(named: {
  region?: string | undefined;
  host?: string | undefined;
}): Question<SnapshotPart> {
  const { region, host } = named;
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(named)) if (value !== undefined) search.set(name, value);
  const wanted = (sensor: SensorView) =>
    (region === undefined || sensor.region === region) && (host === undefined || sensor.hostname === host);
  return {
    path: `/fleet?${search}`,
    isLong: true,
    of({ hub: { fleet }, now }) {
      const time = now();
      return { ...fleet.part(time), sensors: fleet.view(time).filter(wanted) };
    },
  };
}

interface CountPart {
  counts: Record<string, number>;
}

/** `submission`: Unix milliseconds. */
export const countQuestion = (submission: number): Question<CountPart> => ({
  path: `/fleet/since?submission=${submission}`,
  of: ({ hub, now }) => ({ counts: hub.fleet.countSince(submission, now()) }),
});

export const convergenceQuestion = ({ desired: state, ...rest }: Goal): Question<Convergence> => ({
  path: '/fleet/convergence',
  isLong: true,
  body: { state, ...rest },
  of: ({ hub, now }) => hub.fleet.convergence({ desired: state, ...rest }, now()),
});

const missingOf = ({ missing }: { missing: MissingPart[] }) => (missing.length === 0 ? {} : { missing });
