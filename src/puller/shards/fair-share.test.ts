import { expect, test } from 'vitest';
import { fairShare } from './fair-share.js';

test.each([
  [1, 1, [1]],
  [4, 3, [2, 1, 1]],
  [4, 4, [1, 1, 1, 1]],
  [2, 3, [1, 1, 0]],
  [64, 3, [22, 21, 21]],
])(
  '%i shards among %i pullers: every shard has one, and nobody has two more than another',
  (shards, count, expected) => {
    const pullers = Array.from({ length: count }, (_, i) => `p${i}`);
    expect(pullers.map((id) => fairShare(id, pullers, shards))).toEqual(expected);
  },
);

test('who is not registered any more takes none', () => {
  expect(fairShare('gone', ['p1'], 4)).toBe(0);
});
