/** Which of N queues takes a message: all readings of a host meet in one, so one puller sees them all (docs/protocol.md, "Shards"). */
import { fnv1a } from '../lib/fnv1a.js';
import { hostOf, isReading, type Message } from './message.js';
import { hostKey } from './names.js';

export const MAX_SHARDS = 64;

/** From the UTF-8 of the host's key. */
export const shardOf = (hostname: string, shards: number): number =>
  shards === 1 ? 0 : fnv1a(Buffer.from(hostKey(hostname))) % shards;

/** What is no reading is of shard 0. */
export const shardOfMessage = (message: Message, shards: number): number =>
  shards > 1 && isReading(message) ? shardOf(String(hostOf(message)), shards) : 0;

/** The name or URL of a shard's queue: that of the whole, and `-<shard>` where there are more than one. */
export const queueOfShard = (queue: string, shard: number, shards: number): string =>
  shards === 1 ? queue : `${queue.replace(/\/+$/, '')}-${shard}`;

export const allShards = (shards: number): number[] => Array.from({ length: shards }, (_, shard) => shard);
