import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Claim, RegisteredPuller, SharedStore } from '../../store/postgres/shared-postgres.js';
import type { ReadingsStore } from '../../store/store.js';
import { unitOf } from '../../test/support/one-unit.js';
import { EventHub } from '../events/event-hub.js';
import { FailureReporter, type PullerEvent } from '../failure-reporter.js';
import type { RunningUnit } from './open-unit.js';
import { ShardHolder } from './shard-holder.js';

/** The table of the leases, without time: who is in it lives. */
class Table {
  readonly pullers: string[] = [];
  readonly shards: { holder: string | undefined; epoch: number }[];
  epoch = 0;
  /** Who can't reach it now. */
  readonly away = new Set<string>();

  constructor(shards: number) {
    this.shards = Array.from({ length: shards }, () => ({ holder: undefined, epoch: 0 }));
  }

  storeOf(id: string): SharedStore {
    const here = () => {
      if (this.away.has(id)) throw new Error('the server does not answer');
    };
    return {
      ...{ id, shards: this.shards.length, path: 'postgres://db', secret: 's', history: async () => [] },
      join: async () => here(),
      renew: async () => {
        here();
        if (!this.pullers.includes(id)) this.pullers.push(id);
        return this.pullers.map((one): RegisteredPuller => ({ id: one, url: `http://${one}`, claims: this.#of(one) }));
      },
      claim: async (count) => {
        here();
        const free = this.shards.filter(({ holder }) => holder === undefined || !this.pullers.includes(holder));
        const taken = free.slice(0, count);
        for (const one of taken) Object.assign(one, { holder: id, epoch: ++this.epoch });
        return this.#of(id).filter(({ epoch }) => taken.some((one) => one.epoch === epoch));
      },
      open: async () => ({}) as ReadingsStore,
      past: () => ({}) as ReadingsStore,
      release: async ({ epoch }) => {
        here();
        for (const one of this.shards) if (one.epoch === epoch) one.holder = undefined;
      },
      leave: async () => this.forget(id),
      close: async () => {},
    };
  }

  /** It is dead, or has not renewed its lease. */
  forget(id: string): void {
    const place = this.pullers.indexOf(id);
    if (place >= 0) this.pullers.splice(place, 1);
  }

  #of = (id: string): Claim[] =>
    this.shards.flatMap(({ holder, epoch }, shard) => (holder === id ? [{ shard, epoch }] : []));
}

let table: Table;
let log: string[];
let events: PullerEvent[];
/** Shards that can't be opened. */
let broken: Set<number>;

beforeEach(() => {
  vi.useFakeTimers();
  table = new Table(4);
  log = [];
  events = [];
  broken = new Set();
});
afterEach(() => {
  vi.useRealTimers();
});

const rounds = (count = 1) => vi.advanceTimersByTimeAsync(count * 1_000 + 10);

async function puller(id: string): Promise<ShardHolder> {
  const holder = new ShardHolder({
    store: table.storeOf(id),
    async openUnit(shard): Promise<RunningUnit> {
      if (broken.has(shard)) throw new Error('a broken checkpoint');
      const say = (what: string) => log.push(`${id} ${what} ${shard}`);
      return {
        ...unitOf(new EventHub(), { shard }),
        start: () => say('starts'),
        stop: async (isOurs) => void say(isOurs ? 'ends' : 'gives up'),
      };
    },
    failures: new FailureReporter((event) => events.push(event)),
  });
  await holder.start(`http://${id}`);
  return holder;
}

const shardsOf = (holder: ShardHolder) => holder.held().map(({ shard }) => shard);

test('the first takes all; who joins takes its part, after the other has ended what it gives away', async () => {
  const a = await puller('a');
  expect(shardsOf(a)).toEqual([0, 1, 2, 3]);
  const b = await puller('b');
  expect(shardsOf(b)).toEqual([]);
  await rounds(2);
  expect([shardsOf(a), shardsOf(b)]).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(log.slice(4)).toEqual(['a ends 2', 'a ends 3', 'b starts 2', 'b starts 3']);
  expect([a.peers(), b.peers()]).toEqual([
    [{ id: 'b', url: 'http://b', shards: [2, 3] }],
    [{ id: 'a', url: 'http://a', shards: [0, 1] }],
  ]);
});

test('one that is stopped hands everything over, and keeps nothing', async () => {
  const a = await puller('a');
  const b = await puller('b');
  await rounds(2);
  await a.stop();
  expect(table.shards.slice(0, 2).map(({ holder }) => holder)).toEqual([undefined, undefined]);
  await rounds();
  expect([shardsOf(a), shardsOf(b)]).toEqual([[], [0, 1, 2, 3]]);
});

test('one that was away for longer than its lease gives up what others took, and takes its part again', async () => {
  const a = await puller('a');
  const b = await puller('b');
  await rounds(2);
  table.away.add('a');
  table.forget('a');
  await rounds(2);
  expect([shardsOf(a), shardsOf(b)]).toEqual([
    [0, 1],
    [0, 1, 2, 3],
  ]);
  expect(events).toEqual([{ type: 'puller.failing', task: 'leases', message: 'the server does not answer' }]);
  log = [];
  table.away.clear();
  await rounds(3);
  expect(log.slice(0, 2)).toEqual(['a gives up 0', 'a gives up 1']);
  expect([...shardsOf(a), ...shardsOf(b)].sort()).toEqual([0, 1, 2, 3]);
  expect(shardsOf(a)).toHaveLength(2);
});

test('while nobody reaches the table everybody goes on with what it has', async () => {
  const a = await puller('a');
  table.away.add('a');
  await rounds(20);
  table.away.clear();
  await rounds();
  expect(shardsOf(a)).toEqual([0, 1, 2, 3]);
  expect(log).toHaveLength(4);
});

test('a shard that can not be opened is tried again, and the others run', async () => {
  broken.add(2);
  const a = await puller('a');
  expect(shardsOf(a)).toEqual([0, 1, 3]);
  expect(events).toEqual([{ type: 'puller.failing', task: 'open-shard', message: 'shard 2: a broken checkpoint' }]);
  broken.clear();
  await rounds(3);
  expect(shardsOf(a)).toEqual([0, 1, 2, 3]);
  expect(events.slice(1)).toEqual([{ type: 'puller.recovered', task: 'open-shard' }]);
});

test('what could not be released begins again', async () => {
  const a = await puller('a');
  await puller('b');
  await vi.advanceTimersByTimeAsync(990);
  const release = vi.spyOn(a.store, 'release').mockRejectedValue(new Error('the server does not answer'));
  await rounds();
  expect(shardsOf(a)).toEqual([0, 1]);
  release.mockRestore();
  await rounds(4);
  expect(table.shards.map(({ holder }) => holder)).toEqual(['a', 'a', 'b', 'b']);
});
