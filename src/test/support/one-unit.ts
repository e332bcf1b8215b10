/** What a puller answers from, where it holds the only shard: the queue and the store that a test gives. */
import type { EventHub } from '../../puller/events/event-hub.js';
import type { Unit, UnitStats, Units } from '../../puller/shards/units.js';
import { ScriptedQueue } from './scripted-queue.js';

export const noStats: UnitStats = {
  ...{ received: 0, deleted: 0, deadLettered: 0, deadLetteredBy: {}, deadLetters: 0, failures: 0, lagMs: 0 },
  ...{ lastError: undefined, store: undefined, clockAheadMs: 0, messages: 0, queueServer: undefined },
};

export function unitOf(hub: EventHub, over: Partial<Unit> = {}): Unit {
  return {
    ...{ shard: 0, queue: new ScriptedQueue(), store: undefined, now: Date.now, problem: () => undefined },
    hub,
    stats: () => noStats,
    ...{ failures: () => ({}), checkQueue: async () => {}, saveView: undefined, addSamples() {} },
    ...over,
  };
}

export function oneUnit(hub: EventHub, over: Partial<Unit> = {}): Units {
  const unit = unitOf(hub, over);
  return { shards: 1, store: unit.store, past: () => unit.store, held: () => [unit], peers: () => [] };
}
