import { expect, test } from 'vitest';
import { RateMeter } from './region-counts.js';

const T0 = 1_750_000_000_000;

/** A meter that has heard so many readings in each second, from {@link T0} on. */
function heard(...counts: number[]): RateMeter {
  const meter = new RateMeter();
  counts.forEach((count, second) => {
    for (let i = 0; i < count; i++) meter.add(T0 + second * 1000 + (i * 1000) / count);
  });
  return meter;
}

test('before a second is full there is no rate', () => {
  expect(new RateMeter().at(T0)).toBe(0);
  expect(heard(50).at(T0 + 999)).toBe(0);
});

test('the rate is an average of five full seconds; the running one does not count', () => {
  expect(heard(10, 20, 30, 40, 50).at(T0 + 5000)).toBe(30);
  expect(heard(10, 20, 30, 40, 50, 60, 70).at(T0 + 7000)).toBe(50);
});

test('sensors that start together show no rate above their own', () => {
  // Three that send every 5 s.
  const meter = heard(3, 0, 0, 0, 0, 3);
  expect([1, 2, 3, 4, 5, 6].map((second) => meter.at(T0 + second * 1000))).toEqual(Array(6).fill(0.6));
});

test('silence brings the rate down to zero, second by second', () => {
  const meter = heard(10, 10, 10, 10, 10);
  expect([5, 6, 7, 8, 9, 10, 60].map((second) => meter.at(T0 + second * 1000))).toEqual([10, 8, 6, 4, 2, 0, 0]);
});

test('a second counts for itself, also where one of long ago had its place', () => {
  const meter = heard(100);
  meter.add(T0 + 60_000);
  expect(meter.at(T0 + 61_000)).toBe(1 / 5);
});
