import { Chalk } from 'chalk';
import { expect, test } from 'vitest';
import { noStats } from '../../test/support/one-unit.js';
import { missingLines, pullerLines } from './shards-text.js';

const plain = new Chalk({ level: 0 });

const part = (shard: number, over: object = {}) => ({
  ...{ ...noStats, shard, queue: `q-${shard}`, depth: { visible: 2, inFlight: 0, delayed: 0 }, rate: 10.25 },
  ...over,
});

test('each puller has a line with its shards, what comes to it and what is wrong with it', () => {
  const shards = [part(0), part(1, { puller: 'http://b', lagMs: 90_000, problem: 'the disk is full' }), part(2)];
  expect(pullerLines({ shards }, 'http://a', plain)).toEqual([
    'http://a: shards 0, 2, 20.5/s, 4 messages waiting',
    "http://b: shard 1, 10.3/s, 2 messages waiting, 90 seconds behind, can't store: the disk is full",
  ]);
  expect(pullerLines({}, 'http://a', plain)).toEqual([]);
});

test('what an answer does not have is said with the reason', () => {
  expect(
    missingLines([
      { puller: 'http://b', shards: [1, 3], why: 'it does not answer' },
      { shards: [2], why: 'no puller has it at the moment' },
    ]),
  ).toEqual([
    'shards 1, 3 are not in these numbers: the puller at http://b holds them: it does not answer',
    'shard 2 is not in these numbers: no puller has it at the moment',
  ]);
  expect(missingLines()).toEqual([]);
});
