/** What answers come from: the shards that this puller holds, and the pullers that hold the others. */
import type { Queue } from '../../queue/queue.js';
import type { Sample } from '../../store/history.js';
import type { PastStore, ReadingsStore, StoreStats } from '../../store/store.js';
import type { EventHub } from '../events/event-hub.js';
import type { PipelineStats } from '../pipeline.js';
import type { KnownOfQueue } from '../queue-watch.js';

/** A shard as one puller works on it: its queue, its part of the store, its part of the fleet view. */
export interface Unit {
  readonly shard: number;
  readonly queue: Queue;
  /** Its fleet, and what makes storing and showing one. */
  readonly hub: EventHub;
  /** Of its shard; undefined where readings are only shown. `history` is that of all shards. */
  readonly store: ReadingsStore | undefined;
  /** Unix milliseconds, in step with its fleet view. */
  now(): number;
  /** Why its readings can't be stored now. */
  problem(): string | undefined;
  stats(): UnitStats;
  /** Failed attempts by task. */
  failures(): Record<string, number>;
  /** Asks the queue how it is, for {@link stats}. */
  checkQueue(): Promise<void>;
  /** Keeps the view: what the operator has told it is in no reading. Undefined without a store. */
  readonly saveView: (() => Promise<unknown>) | undefined;
  /** Adds to the history of the whole fleet, which is kept by the unit of shard 0. */
  addSamples(samples: Sample[]): void;
}

export interface UnitStats extends PipelineStats, KnownOfQueue {
  failures: number;
  /** Why something fails now; undefined: all works. */
  lastError: string | undefined;
  store: StoreStats | undefined;
  /** For how long the oldest message that is left has waited, about; undefined where the queue does not tell whether one is. */
  lagMs: number | undefined;
  /** How far the wall clock was set forward, in milliseconds (back: below 0), while that is not confirmed. */
  clockAheadMs: number;
}

/** Another puller of the same store, as it was registered there a moment ago. */
export interface Peer {
  id: string;
  /** Of its HTTP API. */
  url: string;
  shards: number[];
}

export interface Units {
  /** Of all, wherever they are held. */
  readonly shards: number;
  /** What is asked of the readings of all shards, also where none is held. Undefined where readings are only shown. */
  readonly store: Pick<ReadingsStore, 'path' | 'history'> | undefined;
  /** What came to a shard, whoever holds it. Undefined where readings are only shown. */
  past(shard: number): PastStore | undefined;
  /** Those that run here now, by shard: always one where the store is not shared. */
  held(): readonly Unit[];
  /** With which the pullers of a shared store know each other. */
  readonly secret?: string;
  /** The others that live. A shard that nobody holds is in neither. */
  peers(): readonly Peer[];
}
