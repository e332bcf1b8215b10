import { expect, test } from 'vitest';
import { queueOfShard, shardOf, shardOfMessage } from './shard.js';

// Written down, because a queue and a store of an older version would meet other readings if one of them changed.
test.each([
  ['edge-us-1', 1, 1, 33],
  ['edge-eu-1', 1, 11, 11],
  ['edge-as-1', 1, 5, 53],
  ['node-0000042.example.com', 1, 9, 25],
  ['Zürich', 0, 0, 0],
  ['', 1, 5, 5],
])('%s is in the shard %i of 2, %i of 16, %i of 64', (host, ...shards) => {
  expect([2, 16, 64].map((count) => shardOf(host, count))).toEqual(shards);
});

test('names of one host are in one shard, however they are written', () => {
  const names = ['EDGE-EU-1', 'edge-eu-1', 'edge-eu-1 '];
  expect(new Set(names.map((name) => shardOf(name, 64))).size).toBe(1);
  expect(shardOf('zu\u0308rich', 64)).toBe(shardOf('Zürich', 64));
});

test('hosts that are numbered are spread evenly', () => {
  const counts = Array.from({ length: 16 }, () => 0);
  for (let i = 0; i < 16_000; i++) counts[shardOf(`edge-eu-${i}`, 16)]!++;
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1150);
});

test('a reading goes where its host belongs, or its execution where it names none; everything else to shard 0', () => {
  const reading = { execution_id: 'e-1', sequence: 1 };
  expect(shardOfMessage({ ...reading, hostname: 'edge-us-1' }, 64)).toBe(shardOf('edge-us-1', 64));
  expect(shardOfMessage(reading, 64)).toBe(shardOf('e-1', 64));
  expect(shardOfMessage({ hostname: 'edge-us-1' }, 64)).toBe(0);
  expect(shardOfMessage({ ...reading, hostname: 'edge-us-1' }, 1)).toBe(0);
});

test.each([
  ['readings', 0, 1, 'readings'],
  ['readings', 3, 4, 'readings-3'],
  ['https://sqs.eu-west-1.amazonaws.com/1/readings', 0, 4, 'https://sqs.eu-west-1.amazonaws.com/1/readings-0'],
  ['http://127.0.0.1:9324/0/readings/', 10, 16, 'http://127.0.0.1:9324/0/readings-10'],
])('the queue %s of shard %i of %i is %s', (queue, shard, shards, name) => {
  expect(queueOfShard(queue, shard, shards)).toBe(name);
});
