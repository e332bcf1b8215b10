import { expect, test } from 'vitest';
import { RateLimiter } from './rate-limiter.js';

const T0 = 1_750_000_000_000;

test('a batch may borrow from the time to come, which later ones wait for', () => {
  const limiter = new RateLimiter(10);
  // Twenty are there, a hundred are taken: eight seconds are owed.
  expect(limiter.take('a', 100, T0)).toBeUndefined();
  expect([0, 5000, 5500].map((ms) => limiter.take('a', 1, T0 + ms))).toEqual([8, 3, 3]);
  expect(limiter.take('a', 1, T0 + 8000)).toBe(1);
  expect(limiter.take('a', 1, T0 + 8100)).toBeUndefined();
});

test('what was refused is not counted: who knocks often does not wait longer', () => {
  const limiter = new RateLimiter(1);
  limiter.take('a', 3, T0);
  for (let i = 0; i < 50; i++) limiter.take('a', 1, T0);
  expect(limiter.take('a', 1, T0 + 1001)).toBeUndefined();
});

test('a sender waits for itself only', () => {
  const limiter = new RateLimiter(1);
  limiter.take('a', 100, T0);
  expect([limiter.take('a', 1, T0), limiter.take('b', 1, T0)]).toEqual([98, undefined]);
});

test('below one a second there is room for one at least', () => {
  const limiter = new RateLimiter(0.1);
  expect([limiter.take('a', 1, T0), limiter.take('a', 1, T0), limiter.take('a', 1, T0 + 20)]).toEqual([
    ...[undefined, 1, undefined],
  ]);
});

test('of more senders than fit, the one that sent least recently is forgotten first', () => {
  const limiter = new RateLimiter(1);
  const isLate = (sender: string) => limiter.take(sender, 0, T0) !== undefined;
  for (let i = 0; i < 100_000; i++) limiter.take(`s${i}`, 10, T0);
  // The first one sends again, so that the second one has sent least recently.
  expect(isLate('s0')).toBe(true);
  limiter.take('new', 10, T0);
  expect([isLate('s0'), isLate('s2'), isLate('new')]).toEqual([true, true, true]);
  expect(isLate('s1')).toBe(false);
});
