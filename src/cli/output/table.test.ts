import { expect, test } from 'vitest';
import { cellsOf } from './cells.js';
import { type Column, table, wholeTable } from './table.js';

interface Row {
  host: string;
  gaps: string;
  note: string;
}

const ROWS: Row[] = [
  { host: 'edge-us-1', gaps: '0', note: 'word word word word' },
  { host: '🚀', gaps: '12', note: '' },
];
const COLUMNS: Column<Row>[] = [
  { head: 'host', least: 4, of: ({ host }) => host },
  { head: 'gaps', right: true, of: ({ gaps }) => gaps },
  { head: 'note', rank: 2, least: 8, of: ({ note }) => note },
  { head: 'late', right: true, rank: 1, of: () => '5' },
  { head: 'none', optional: true, of: () => '' },
];
const show = (width: number | undefined) => table(ROWS, COLUMNS, { width });

test('columns are as wide as their widest cell, and those that may be empty are left out where they are', () => {
  expect(show(undefined)).toEqual([
    'host       gaps  note                 late',
    'edge-us-1     0  word word word word     5',
    '🚀           12                          5',
  ]);
});

test('less room: the columns that matter least are shortened, then left out; the others only shortened', () => {
  expect(show(36)[1]).toBe('edge-us-1     0  word word wo…     5');
  expect(show(31)[1]).toBe('edge-us-1     0  word wo…     5');
  expect(show(28)[1]).toBe('edge-us-1     0     5');
  expect(show(20)[1]).toBe('edge-us-1     0');
  expect(show(10)[1]).toBe('edg…     0');
});

test.each([10, 15, 20, 25, 30, 40])('in %d cells no line is longer', (width) => {
  expect(Math.max(...show(width).map(cellsOf))).toBeLessThanOrEqual(width);
});

test('where nothing may be left out, each row becomes a paragraph with the headings of its cells', () => {
  expect(wholeTable(ROWS, COLUMNS, { width: 80 })).toEqual(show(undefined));
  const narrow = wholeTable(ROWS, COLUMNS, { width: 24 });
  expect(narrow.every((line) => cellsOf(line) <= 24)).toBe(true);
  expect(narrow.join(' ').replace(/\s+/g, ' ')).toBe('edge-us-1 0 note word word word word late 5 🚀 12 late 5');
});

test('without rows there are only headings', () => {
  expect(table([], COLUMNS, { width: 80 })).toEqual(['host  gaps  note  late']);
});
