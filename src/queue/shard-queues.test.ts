/** What an operator does with the queues of all shards, before queues that are made up. */
import { expect, test } from 'vitest';
import { relayedLine } from '../protocol/relay.js';
import { shardOf } from '../protocol/shard.js';
import { packedBody } from './packed.js';
import type { AdminQueue, SeenMessage } from './queue.js';
import { joinShards } from './shard-queues.js';

const seen = (id: string, body = '{}'): SeenMessage => ({
  ...{ id, body, attributes: {}, receipt: `r-${id}`, receiveCount: 1, sentAt: 0 },
  ...{ deadLetterReason: undefined, exhausted: false, rawAttributes: undefined },
});

/** Of shard `n`, with these messages. */
function queueOf(n: number, ids: string[]) {
  const log = { released: [] as string[], deleted: [] as string[], back: [] as string[], purged: 0 };
  const left = ids.map((id) => seen(id));
  const queue = {
    name: `http://q/main-${n}`,
    depth: async () => ({ visible: left.length, inFlight: n, delayed: 0 }),
    oldestAge: async () => (ids.length > 0 ? 10 * n : undefined),
    look: async ({ max }: { max: number }) => left.splice(0, max),
    release: async (receipts: string[]) => void log.released.push(...receipts),
    delete: async (receipts: string[]) => {
      log.deleted.push(...receipts);
      return receipts.filter((receipt) => receipt === 'r-stuck');
    },
    sendBack: async ({ id }: SeenMessage) => void log.back.push(id),
    purge: async () => void log.purged++,
    close() {},
  };
  return { queue: queue as unknown as AdminQueue, log };
}

test('queues of all shards are one: what waits is the sum, the oldest is that of all, each receipt goes to its own', async () => {
  const shards = [queueOf(0, []), queueOf(1, ['a', 'b', 'c']), queueOf(2, ['stuck'])];
  const all = joinShards(shards.map(({ queue }) => queue));
  expect([all.name, await all.depth(), await all.oldestAge()]).toEqual([
    'http://q/main-0 and 2 more',
    { visible: 4, inFlight: 3, delayed: 0 },
    20,
  ]);
  const looks: string[][] = [];
  for (let i = 0; i < 4; i++) {
    const found = await all.look({ max: 2, hideSeconds: 5, waitSeconds: 1 });
    looks.push(found.map(({ id }) => id));
  }
  expect(looks).toEqual([['a', 'b'], ['c'], ['stuck'], []]);
  await all.release(['r-a']);
  expect(await all.delete(['r-b', 'r-stuck'])).toEqual(['r-stuck']);
  expect(shards.map(({ log }) => [log.released, log.deleted])).toEqual([
    [[], []],
    [['r-a'], ['r-b']],
    [[], ['r-stuck']],
  ]);
  await all.purge();
  expect(shards.map(({ log }) => log.purged)).toEqual([1, 1, 1]);
});

test('a dead letter goes back to the queue of its host', async () => {
  const shards = [0, 1, 2, 3].map((n) => queueOf(n, []));
  const all = joinShards(shards.map(({ queue }) => queue));
  const body = JSON.stringify({ execution_id: 'e', sequence: 1, hostname: 'edge-us-1' });
  await all.sendBack(seen('reading', body));
  await all.sendBack(seen('other', 'no JSON'));
  const packed = packedBody(relayedLine({ text: body }).repeat(100));
  await all.sendBack({ ...seen('packed', packed.body), attributes: { packed: packed.encoding } });
  const own = shardOf('edge-us-1', 4);
  expect(own).not.toBe(0);
  const expected = [0, 1, 2, 3].map((n) => (n === own ? ['reading', 'packed'] : n === 0 ? ['other'] : []));
  expect(shards.map(({ log }) => log.back)).toEqual(expected);
});

test('one queue is itself', () => {
  const { queue } = queueOf(0, []);
  expect(joinShards([queue])).toBe(queue);
});
