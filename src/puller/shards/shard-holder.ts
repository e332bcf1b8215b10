/**
 * Holds this puller's share of the shards of a store: a unit for each. It takes what is free, gives away what is above its
 * share, and ends what others have taken from it; nothing that such a unit still has is deleted from the queue.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../lib/errors/app-error.js';
import type { Claim, RegisteredPuller, SharedStore } from '../../store/postgres/shared-postgres.js';
import type { PastStore, ReadingsStore } from '../../store/store.js';
import type { FailureReporter } from '../failure-reporter.js';
import { fairShare } from './fair-share.js';
import type { RunningUnit } from './open-unit.js';
import type { Peer, Unit, Units } from './units.js';

export interface ShardHolderOptions {
  store: SharedStore;
  openUnit(shard: number, store: ReadingsStore): Promise<RunningUnit>;
  failures: FailureReporter;
}

/** Leases last for six times as long. */
const RENEW_EVERY_MS = 1_000;
/** A start waits for its shards for so long. */
const START_MS = 5_000;

interface Holding {
  claim: Claim;
  unit: RunningUnit | undefined;
  /** `given`: another one may have it. */
  state: 'ours' | 'ending' | 'given' | 'lost';
  /** Ends when the unit runs, or could not be opened. */
  opened: Promise<void>;
}

export class ShardHolder implements Units {
  readonly store: SharedStore;
  readonly #holdings = new Map<number, Holding>();
  readonly #ending = new Set<Promise<void>>();
  /** Shards that could not be opened here. */
  readonly #broken = new Set<number>();
  #peers: Peer[] = [];
  #url: string | undefined;
  /** Ends when the shards that were taken so far are open. One after the other: the view of each may take much memory meanwhile. */
  #opened = Promise.resolve();
  #isLeaving = false;
  #round = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ShardHolderOptions) {
    this.store = options.store;
  }

  get shards(): number {
    return this.store.shards;
  }

  held(): Unit[] {
    const units = [...this.#holdings.values()].flatMap(({ unit, state }) =>
      unit && (state === 'ours' || state === 'ending') ? [unit] : [],
    );
    return units.sort((a, b) => a.shard - b.shard);
  }

  past(shard: number): PastStore {
    return this.store.past(shard);
  }

  peers(): readonly Peer[] {
    return this.#peers;
  }

  /** `url`: of our HTTP API, for other pullers. Resolves when the shards that were free are held. */
  async start(url: string): Promise<void> {
    this.#round = this.#renew(url);
    await this.#round;
    // With large views it takes longer, and answers say what is missing.
    await Promise.race([this.#opened, sleep(START_MS)]);
    if (!this.#isLeaving) this.#renewLater(url);
  }

  /** Lets others have all shards, each at once when its unit has ended. */
  async stop(): Promise<void> {
    this.#isLeaving = true;
    await this.#round;
    for (const holding of this.#holdings.values()) this.#giveAway(holding);
    while (this.#ending.size > 0) await Promise.all(this.#ending);
    clearTimeout(this.#timer);
    await this.#round;
    clearTimeout(this.#timer);
    await this.store.leave().catch(() => {});
    await this.store.close();
  }

  #renewLater(url: string): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#renew(url).then(() => this.#renewLater(url));
    }, RENEW_EVERY_MS);
  }

  async #renew(url: string): Promise<void> {
    const { store, failures } = this.options;
    const given = [...this.#holdings.values()].filter(({ state }) => state === 'given');
    try {
      if (this.#url === undefined) await store.join(url);
      this.#url = url;
      const pullers = await store.renew();
      for (const holding of given) this.#forget(holding);
      await this.#divide(pullers);
      failures.succeeded('leases');
    } catch (error) {
      failures.failed('leases', messageOf(error));
    }
  }

  async #divide(pullers: RegisteredPuller[]): Promise<void> {
    const { id, shards } = this.store;
    this.#peers = pullers
      .filter((puller) => puller.id !== id)
      .map(({ claims, ...puller }) => ({ ...puller, shards: claims.map(({ shard }) => shard) }));
    for (const shard of this.#peers.flatMap((peer) => peer.shards)) this.#mended(shard);
    const claims = pullers.find((puller) => puller.id === id)?.claims ?? [];
    const isOurs = ({ claim }: Holding) => claims.some(({ epoch }) => epoch === claim.epoch);
    for (const holding of this.#holdings.values()) if (!isOurs(holding)) this.#lose(holding);
    if (this.#isLeaving) return;
    for (const claim of claims) if (!this.#holdings.has(claim.shard)) this.#take(claim);
    const order = pullers.map((puller) => puller.id);
    const ours = [...this.#holdings.values()].filter(({ state }) => state === 'ours');
    const missing = fairShare(id, order, shards) - ours.length;
    if (missing < 0) for (const holding of ours.slice(missing)) this.#giveAway(holding);
    if (missing > 0) for (const claim of await this.store.claim(missing)) this.#take(claim);
  }

  #take(claim: Claim): void {
    const holding: Holding = { claim, unit: undefined, state: 'ours', opened: Promise.resolve() };
    this.#holdings.set(claim.shard, holding);
    this.#opened = this.#opened.then(() => this.#open(holding));
    holding.opened = this.#opened;
  }

  async #open(holding: Holding): Promise<void> {
    const { openUnit, failures } = this.options;
    const { claim } = holding;
    // Given away, or lost, before it was open.
    if (holding.state !== 'ours') return;
    try {
      holding.unit = await openUnit(claim.shard, await this.store.open(claim));
      this.#mended(claim.shard);
      // Meanwhile it may have been lost.
      if (holding.state === 'ours') holding.unit.start();
    } catch (error) {
      this.#broken.add(claim.shard);
      failures.failed('open-shard', `shard ${claim.shard}: ${messageOf(error)}`);
      this.#giveAway(holding);
    }
  }

  #mended(shard: number): void {
    if (this.#broken.delete(shard) && this.#broken.size === 0) this.options.failures.succeeded('open-shard');
  }

  #giveAway(holding: Holding): void {
    if (holding.state !== 'ours') return;
    holding.state = 'ending';
    this.#end(holding, async () => {
      await holding.unit?.stop(true);
      await this.store.release(holding.claim);
    });
  }

  #lose(holding: Holding): void {
    this.#forget(holding);
    const wasOurs = holding.state === 'ours';
    holding.state = 'lost';
    // One that is ending does so by itself.
    if (wasOurs) this.#end(holding, async () => holding.unit?.stop(false));
  }

  #end(holding: Holding, work: () => Promise<void>): void {
    const { failures } = this.options;
    const ended = holding.opened
      .then(work)
      .catch((error: unknown) => failures.failed('leases', messageOf(error)))
      .finally(() => {
        // What could not be released is still ours in the next round, and begins again.
        if (holding.state === 'ending') holding.state = 'given';
        this.#ending.delete(ended);
      });
    this.#ending.add(ended);
  }

  #forget(holding: Holding): void {
    const { shard } = holding.claim;
    if (this.#holdings.get(shard) === holding) this.#holdings.delete(shard);
  }
}
