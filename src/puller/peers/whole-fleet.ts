/** The whole fleet, wherever its shards are: what the units here and those of the other pullers say together. */
import type { Goal } from '../../fleet/convergence.js';
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
import type { FleetSnapshot } from '../puller-app.js';
import type { Units } from '../shards/units.js';
import { type OfShard, type PeerAnswers, Peers, type Question } from './peers.js';

type Together<T> = { parts: OfShard<T>[]; missing: MissingPart[] };

const SUMMARY: Question<SummaryPart> = {
  path: '/fleet/summary',
  of: ({ hub, now }) => hub.fleet.part(now()),
};

export interface SnapshotPart extends SummaryPart {
  sensors: SensorView[];
}

export interface SensorFilter {
  region?: string | undefined;
  host?: string | undefined;
}

export class WholeFleet implements FleetReader {
  readonly peers: Peers;
  readonly #units: Units;

  constructor(units: Units, token: string | undefined) {
    this.#units = units;
    this.peers = new Peers(units, token);
  }

  /** Unix milliseconds, in step with the fleet views here. */
  now(): number {
    return this.#units.held()[0]?.now() ?? Date.now();
  }

  async summary(): Promise<FleetSummary> {
    return this.summaryOf(await this.peers.ask(SUMMARY));
  }

  summaryOf(answers: PeerAnswers<SummaryPart>): FleetSummary {
    return this.#summary(this.peers.together(SUMMARY, answers));
  }

  /** As {@link summary}; and the fleets here learn which relays the others have heard. Call it every second. */
  async refresh(): Promise<FleetSummary> {
    const together = this.peers.together(SUMMARY, await this.peers.ask(SUMMARY));
    const now = this.now();
    if (this.#units.shards > 1) {
      for (const { hub } of this.#units.held()) learnRelays(hub.fleet.relays, together.parts, now);
    }
    return this.#summary(together);
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

  async #reach(goal: Goal): Promise<Together<Convergence>> {
    const question = convergenceQuestion(goal);
    return this.peers.together(question, await this.peers.ask(question));
  }

  #summary(together: Together<SummaryPart>): FleetSummary {
    return { ...mergeSummaries(together.parts, this.now()), ...missingOf(together) };
  }
}

export const summaryQuestion = () => SUMMARY;

export function snapshotQuestion({ region, host }: SensorFilter): Question<SnapshotPart> {
  const search = new URLSearchParams({ ...(region === undefined ? {} : { region }), ...(host === undefined ? {} : { host }) });
  const wanted = (sensor: SensorView) =>
    (region === undefined || sensor.region === region) && (host === undefined || sensor.hostname === host);
  return {
    path: `/fleet?${search}`,
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

export const convergenceQuestion = (goal: Goal): Question<Convergence> => {
  const { desired: state, ...rest } = goal;
  return {
    path: '/fleet/convergence',
    body: { state, ...rest },
    of: ({ hub, now }) => hub.fleet.convergence(goal, now()),
  };
};

const missingOf = ({ missing }: { missing: MissingPart[] }) => (missing.length === 0 ? {} : { missing });
