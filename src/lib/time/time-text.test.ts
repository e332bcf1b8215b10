import { expect, test } from 'vitest';
import { durationText, parseDuration, parseTime } from './time-text.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5h', 5_400_000],
  ['7d', 604_800_000],
])('%s is a duration', (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(['', '5', 'h', '-5m', '5 m', '5M', '1h30m', 'Infinity s'])('%j is no duration', (text) =>
  expect(parseDuration(text)).toBeUndefined(),
);

test('a time is a duration ago, now, or a date with and without a time and a zone', () => {
  expect(parseTime('6h', NOW)).toBe(NOW - 21_600_000);
  expect(parseTime('now', NOW)).toBe(NOW);
  expect(parseTime('2026-01-31T12:00:00Z', NOW)).toBe(Date.UTC(2026, 0, 31, 12));
  expect(parseTime('2026-01-31T12:00:00.250+0200', NOW)).toBe(Date.UTC(2026, 0, 31, 10, 0, 0, 250));
  expect(parseTime('2026-01-31 12:00', NOW)).toBe(new Date(2026, 0, 31, 12).getTime());
  // A whole day of where the operator is, not of Greenwich.
  expect(parseTime('2026-01-31', NOW)).toBe(new Date(2026, 0, 31).getTime());
});

test.each(['5', '2026', 'yesterday', '2026-13-01', '12:30', '2026-01-31T25:00Z'])('%j is no time', (text) =>
  expect(parseTime(text, NOW)).toBeUndefined(),
);

test('a duration is written in its largest whole unit', () => {
  expect([1, 1000, 90_000, 300_000, 7_200_000, 86_400_000, 0].map(durationText)).toEqual([
    '1ms',
    '1s',
    '90s',
    '5m',
    '2h',
    '1d',
    '0ms',
  ]);
});
