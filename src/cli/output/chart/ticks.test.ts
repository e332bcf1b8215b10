import { expect, test } from 'vitest';
import { timeStep, timeTicks, valueScale } from './ticks.js';

const labels = (min: number, max: number, most: number) => valueScale(min, max, most).ticks.map(({ label }) => label);

test.each<[number, number, number, string[]]>([
  [3.4, 4.9, 5, ['3.5', '4.0', '4.5']],
  [3.4, 4.9, 8, ['3.4', '3.6', '3.8', '4.0', '4.2', '4.4', '4.6', '4.8']],
  [0, 1, 2, ['0.0', '0.5', '1.0']],
  [-3, 12, 4, ['0', '5', '10']],
  [1012.4, 1013, 3, ['1012.4', '1012.6', '1012.8', '1013.0']],
  [2.9, 13.5, 2, ['5', '10']],
  [4, 4, 4, ['3.8', '3.9', '4.0', '4.1', '4.2']],
  [12_345_678, 45_000_000, 3, ['2e+7', '3e+7', '4e+7']],
])('values from %d to %d with about %d ticks', (min, max, most, expected) =>
  expect(labels(min, max, most)).toEqual(expected),
);

test.each([
  [0, 0],
  [-1e-300, 1e-300],
  [1e300, 1.7e308],
  [1e15, 1e15 + 1],
  [9.99, 10.01],
])('there are ticks between %d and %d', (min, max) => {
  const { low, high, ticks } = valueScale(min, max, 4);
  expect(low).toBeLessThan(high);
  expect(ticks.length).toBeGreaterThanOrEqual(2);
  expect(ticks.length).toBeLessThan(12);
  expect(ticks.filter(({ at }) => at < low - (high - low) / 1e6 || at > high + (high - low) / 1e6)).toEqual([]);
});

test('a time is divided into steps that people count in', () => {
  const minutes = (n: number) => n * 60_000;
  expect([2, 60, 360, 1440, 10_080].map((n) => timeStep(minutes(n), 70))).toEqual([
    2_000,
    minutes(1),
    minutes(10),
    minutes(30),
    minutes(180),
  ]);
  expect(timeStep(minutes(1440 * 365 * 30), 10)).toBe(minutes(1440 * 365 * 3));
});

/** Local times, so that it holds wherever this test runs. */
const at = (day: number, hour: number, minute = 0, second = 0) =>
  new Date(2026, 0, day, hour, minute, second).getTime();
const timeLabels = (from: number, to: number, most: number) => timeTicks(from, to, most).map(({ label }) => label);

test('labels are local times: with seconds, without, and with dates', () => {
  expect(timeLabels(at(5, 12, 0, 7), at(5, 12, 1), 7)).toEqual([
    '12:00:10',
    '12:00:20',
    '12:00:30',
    '12:00:40',
    '12:00:50',
    '12:01:00',
  ]);
  expect(timeLabels(at(5, 9, 10), at(5, 15, 10), 7)).toEqual(['10:00', '11:00', '12:00', '13:00', '14:00', '15:00']);
  expect(timeLabels(at(5, 20), at(7, 4), 6)).toEqual(['01-06', '06:00', '12:00', '18:00', '01-07']);
  expect(timeLabels(at(5, 1), at(9, 1), 5)).toEqual(['01-06', '01-07', '01-08', '01-09']);
});
