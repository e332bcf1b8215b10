/** What answers come from: the shards that this puller holds, and the pullers that hold the others. */
import type { Soon } from '../../lib/async/exclusive.js';
import type { Queue } from '../../queue/queue.js';
import type { Sample } from '../../store/history.js';
import type { ReadingsStore, StoreStats } from '../../store/store.js';
import type { EventHub } from '../events/event-hub.js';
import type { PipelineStats } from '../pipeline.js';

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
  readonly stats: PipelineStats & {
    failures: number;
    lastError: string | undefined;
    store: StoreStats | undefined;
    clockAheadMs: number;
  };
  /** Failed attempts by task. */
  readonly failures: Record<string, number>;
  /** Keeps the view: what the operator has told it is in no reading. Undefined without a store. */
  readonly saveView: (() => Promise<unknown>) | undefined;
  /** Of the history of the whole fleet, for the unit of shard 0 to keep. */
  addSamples(samples: Sample[]): Soon<unknown>;
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
  /** Those that run here now, by shard: always one where the store is not shared. */
  held(): readonly Unit[];
  /** The others that live. A shard that nobody holds is in neither. */
  peers(): readonly Peer[];
}
