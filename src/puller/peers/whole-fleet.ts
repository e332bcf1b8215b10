/** The whole fleet, wherever its shards are: what the units here and those of the other pullers say together. */

import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { Convergence, FleetSummary, MissingPart, SummaryPart } from '../../fleet/fleet-view.js';
import {
  learnRelays,
  mergeConvergence,
  mergeCounts,
  mergeSummaries,
  mergeViews,
  unknownSubmissions,
} from '../../fleet/merge-parts.js';
import { AppError } from '../../lib/errors/app-error.js';
import { parsePart } from '../../lib/errors/http-error.js';
import type { PullerEvent } from '../failure-reporter.js';
import type { FleetReader, SnapshotQuery } from '../fleet-client.js';
import type { FleetSnapshot, PullerAppStats } from '../puller-app.js';
import type { Units } from '../shards/units.js';
import { Peers, type Together } from './peers.js';
import {
  ANNOTATION,
  type Annotation,
  CONVERGENCE,
  COUNT_SINCE,
  type Question,
  SENSORS,
  type ShardPart,
  STATS,
  SUMMARY,
  type WantedConvergence,
  watchQuestion,
} from './questions.js';
import { mergeStats } from './shard-stats.js';

/** As many as a view of one shard holds. An answer of more would be hundreds of megabytes. */
const MAX_LISTED = 100_000;

export class WholeFleet implements FleetReader {
  readonly peers: Peers;
  readonly #watch: Question<object, ShardPart>;

  /** `firing`: the alerts of the whole fleet, where they are raised here. */
  constructor(
    private readonly units: Units,
    firing: () => AlertEvent[] = () => [],
    private readonly onEvent: (event: PullerEvent) => void = () => {},
  ) {
    this.peers = new Peers(units);
    this.#watch = watchQuestion(firing);
  }

  /** What our units say to a question of another puller. Undefined for one that we do not know. */
  answer(name: string, args: unknown): Promise<object[]> | undefined {
    const of = <A, T extends object>(question: Question<A, T>): Promise<object[]> | undefined =>
      question.name === name ? this.peers.own(question, parsePart(question.args, args)) : undefined;
    const ofView = of(SUMMARY) ?? of(this.#watch) ?? of(SENSORS) ?? of(COUNT_SINCE) ?? of(CONVERGENCE);
    return ofView ?? of(ANNOTATION) ?? of(STATS);
  }

  /** Unix milliseconds, in step with the fleet views here. */
  now(): number {
    return this.units.held()[0]?.now() ?? Date.now();
  }

  async summary(): Promise<FleetSummary> {
    return this.#summary(await this.peers.ask(SUMMARY, {}));
  }

  /**
   * What all units say now, and its summary. The fleets here learn which relays the others have heard: call it every second,
   * with which pullers that were silent are asked again, too.
   */
  async refresh(): Promise<Together<ShardPart> & { summary: FleetSummary }> {
    const together = await this.peers.ask(this.#watch, {});
    if (this.units.shards > 1) {
      for (const { hub, now } of this.units.held()) learnRelays(hub.fleet.relays, together.parts, now());
    }
    const summary = this.#summary(together);
    this.peers.sensors = summary.total.live + summary.total.paused + summary.total.silent;
    return { ...together, summary };
  }

  /** Without a limit rejects with `FLEET_TOO_LARGE` where not all can be listed; with one each shard names its part of so many. */
  async snapshot({ limit, ...place }: SnapshotQuery = {}): Promise<FleetSnapshot> {
    const ofShard = Math.ceil(Math.min(limit ?? MAX_LISTED, MAX_LISTED) / this.units.shards);
    const together = await this.peers.ask(SENSORS, { ...place, limit: ofShard });
    const leftOut = together.parts.reduce((sum, part) => sum + part.leftOut, 0);
    if (leftOut > 0 && limit === undefined) {
      throw new AppError('FLEET_TOO_LARGE', `of more than about ${MAX_LISTED} sensors not all can be named`, {
        hint: 'Name a region or a host (--region, --host). In a URL, `limit=10000` asks for some of them.',
      });
    }
    const sensors = mergeViews(together.parts.map((part) => part.sensors));
    return { summary: this.#summary(together), sensors, ...(leftOut === 0 ? {} : { leftOut }) };
  }

  async countSince(submission: number): Promise<Record<string, number>> {
    const { parts } = await this.peers.ask(COUNT_SINCE, { submission });
    return mergeCounts(parts.map(({ counts }) => counts));
  }

  async stats(): Promise<PullerAppStats> {
    const { parts, missing } = await this.peers.ask(STATS, {});
    return { ...mergeStats(parts, this.units.shards, missing), now: this.now() };
  }

  convergence: FleetReader['convergence'] = (state, scope, goal = {}) => this.reach({ state, scope, ...goal });

  async reach(wanted: WantedConvergence): Promise<Convergence> {
    let together = await this.peers.ask(CONVERGENCE, { ...wanted, submissions: {} });
    const submissions = unknownSubmissions(together.parts);
    if (submissions) together = await this.peers.ask(CONVERGENCE, { ...wanted, submissions });
    return { ...mergeConvergence(together.parts, wanted.fields), ...missingOf(together) };
  }

  /** Others that do not answer have not heard it. */
  async annotate(annotation: Annotation): Promise<void> {
    if ('region' in annotation) this.onEvent({ type: 'region.link', ...annotation });
    await this.peers.ask(ANNOTATION, annotation);
  }

  #summary(together: Together<SummaryPart>): FleetSummary {
    return { ...mergeSummaries(together.parts, this.now()), ...missingOf(together) };
  }
}

const missingOf = ({ missing }: { missing: MissingPart[] }) => (missing.length === 0 ? {} : { missing });
