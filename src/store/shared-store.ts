/**
 * The port of a store that several pullers share. It is divided into shards, each of which one puller holds by a lease: who
 * takes it over later makes everything fail that the one before still writes.
 */
import type { PastStore, ReadingsStore } from './store.js';

/** A shard as somebody holds it. `epoch`: of this time of holding it; every further one has a higher one. */
export interface Claim {
  shard: number;
  epoch: number;
}

export interface RegisteredPuller {
  id: string;
  /** Of its HTTP API. */
  url: string;
  claims: Claim[];
}

/** All methods reject where the store does not answer. */
export interface SharedStore extends Pick<ReadingsStore, 'path' | 'history'> {
  /** How many there are. */
  readonly shards: number;
  /** With which its pullers know each other: as a bearer token. */
  readonly secret: string;
  /** Of this puller. */
  readonly id: string;
  /** Registers this puller; one that was registered at this address before is dead. */
  join(url: string): Promise<void>;
  /** Renews the leases of this puller. Resolves with all pullers that live, this one among them, the oldest first. */
  renew(): Promise<RegisteredPuller[]>;
  /** Takes at most `count` shards that nobody living holds. */
  claim(count: number): Promise<Claim[]>;
  /** What a shard has; closing it leaves the shared store open. */
  open(claim: Claim): Promise<ReadingsStore>;
  /** What came to a shard, whoever holds it. */
  past(shard: number): PastStore;
  /** Lets others have a shard at once. Nothing happens where they have it already. */
  release(claim: Claim): Promise<void>;
  leave(): Promise<void>;
  close(): Promise<void>;
}
