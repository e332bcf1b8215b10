import { Chalk } from 'chalk';
import { expect, test } from 'vitest';
import type { History } from '../../store/history.js';
import { historyTable } from './history-text.js';

/** The means of the rows, as they are written. */
function meansOf(means: number[]): string[] {
  const points = means.map((mean, i) => ({ t: i * 60_000, count: 1, min: mean, mean, max: mean }));
  const history: History = { metric: 'm', from: 0, to: 600_000, step: 60_000, series: [{ region: 'us', points }] };
  const [, ...rows] = historyTable(history, new Chalk({ level: 0 })).split('\n');
  return rows.map((row) => row.trim().split(/\s+/).at(-2)!);
}

test('all values have the same decimals, as few as they need, and four digits of the largest', () => {
  expect(meansOf([0.4, 0.6, 0.430_76])).toEqual(['0.4000', '0.6000', '0.4308']);
  expect(meansOf([21, 57.5, 94])).toEqual(['21.0', '57.5', '94.0']);
  expect(meansOf([12_345.678, 3])).toEqual(['12346', '3']);
  expect(meansOf([0])).toEqual(['0']);
});
