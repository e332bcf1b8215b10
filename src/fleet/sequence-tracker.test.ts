import { expect, test } from 'vitest';
import { SequenceTracker } from './sequence-tracker.js';

const MAX_RANGES = 500;

/** A tracker with so many holes of one number each, noticed at 1, 2, … */
function withHoles(count: number): SequenceTracker {
  const tracker = new SequenceTracker();
  for (let hole = 1; hole <= count; hole++) tracker.record(2 * hole, hole);
  return tracker;
}

test('numbers in any order: holes are noticed, filled by late ones, and repeated ones are duplicates', () => {
  const tracker = new SequenceTracker();
  expect([1, 2, 5, 4, 4, 9, 3, 1].map((n) => tracker.record(n, 1))).toEqual([
    'next',
    'next',
    'ahead',
    'late',
    'duplicate',
    'ahead',
    'late',
    'duplicate',
  ]);
  expect(tracker.missing).toEqual([{ from: 6, to: 8, since: 1 }]);
  expect(tracker.missingSince()).toBe(3);
});

// A sender that numbers by the time, or runs wild: the counts of all would be lost beside a billion.
test('a jump that no sensor can make is no gap, and what follows counts as before', () => {
  const tracker = new SequenceTracker();
  expect([1, 1_728_001, 1_000_000_000, 1_000_000_002].map((n) => tracker.record(n, 1))).toEqual([
    ...['next', 'ahead', 'ahead', 'ahead'],
  ]);
  expect(tracker.missing).toEqual([
    { from: 2, to: 1_728_000, since: 1 },
    { from: 1_000_000_001, to: 1_000_000_001, since: 1 },
  ]);
});

test('as many holes as are remembered one by one stay exact', () => {
  const tracker = withHoles(MAX_RANGES);
  expect(tracker.missing).toHaveLength(MAX_RANGES);
  expect(tracker.missing[0]).toEqual({ from: 1, to: 1, since: 1 });
  expect(tracker.missingSince()).toBe(MAX_RANGES);
});

test('one more joins the two oldest, which count from when the first was noticed', () => {
  const tracker = withHoles(MAX_RANGES + 1);
  expect(tracker.missing).toHaveLength(MAX_RANGES);
  expect(tracker.missing.slice(0, 2)).toEqual([
    { from: 1, to: 3, since: 1 },
    { from: 5, to: 5, since: 3 },
  ]);
  // What had come between the joined holes counts as missing, so that nothing lost is left out.
  expect(tracker.missingSince(1)).toBe(3);
});

test('a late number in the middle of a hole leaves two, at its ends one, and a single one none', () => {
  const tracker = new SequenceTracker();
  tracker.record(11, 7);
  const left = () => tracker.missing.map(({ from, to }) => [from, to]);
  expect(tracker.record(5, 8)).toBe('late');
  expect(left()).toEqual([
    [1, 4],
    [6, 10],
  ]);
  for (const n of [1, 10, 4, 6]) tracker.record(n, 8);
  expect(left()).toEqual([
    [2, 3],
    [7, 9],
  ]);
  for (const n of [2, 3]) tracker.record(n, 8);
  expect(left()).toEqual([[7, 9]]);
  // They are as old as the hole that they are left of.
  expect(tracker.missing[0]?.since).toBe(7);
});

test('of a sensor that began earlier, numbers count from the lowest that arrived', () => {
  const tracker = SequenceTracker.from(42);
  expect([42, 43, 41, 45, 38, 42].map((n) => tracker.record(n, n))).toEqual([
    ...['next', 'next', 'late', 'ahead', 'late', 'duplicate'],
  ]);
  expect(tracker.missing).toEqual([
    { from: 39, to: 40, since: 38 },
    { from: 44, to: 44, since: 45 },
  ]);
  expect(tracker.record(40, 50)).toBe('late');
  expect(tracker.missingSince()).toBe(2);
});

test('a number far below the first one is another way to count, and no loss either', () => {
  const tracker = SequenceTracker.from(2 ** 31);
  tracker.record(2 ** 31, 0);
  expect([tracker.record(3, 0), tracker.missingSince()]).toEqual(['late', 0]);
});
