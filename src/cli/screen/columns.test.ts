import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { columns } from './columns.js';

const table = (width: number) =>
  columns(
    [
      { head: 'host', rank: 1, grows: 4, cells: ['edge-us-1', 'edge-eu-1'] },
      { head: 'gaps', rank: 2, right: true, cells: ['0', '12'] },
      { head: 'late', rank: 3, right: true, cells: ['5', '6'] },
      { head: 'none', rank: 1, cells: ['', ''] },
    ],
    width,
  ).map((line) => line.trimEnd());

test('with room enough all columns that hold something are shown', () => {
  expect(table(40)).toEqual(['host       gaps  late', 'edge-us-1     0     5', 'edge-eu-1    12     6']);
});

test('less room: first the growing column shrinks, then the column of the highest rank goes', () => {
  expect(table(18)).toEqual(['host    gaps  late', 'edge-…     0     5', 'edge-…    12     6']);
  expect(table(15)).toEqual(['host       gaps', 'edge-us-1     0', 'edge-eu-1    12']);
  expect(table(9)).toEqual(['host', 'edge-us-1', 'edge-eu-1']);
  expect(table(3)).toEqual(['ho…', 'ed…', 'ed…']);
});

test('every line has exactly the width', () => {
  for (let width = 1; width < 60; width++) {
    const lines = columns([{ head: 'h', rank: 1, cells: ['🚀🚀🚀', ''] }], width);
    expect(lines.map((line) => stringWidth(line))).toEqual([width, width, width]);
  }
});
