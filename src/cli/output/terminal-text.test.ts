import { expect, test } from 'vitest';
import {
  bytesText,
  countText,
  pad,
  secondsText,
  styleFor,
  swatch,
  table,
  wholeTable,
  widthOf,
} from './terminal-text.js';

const stream = (depth: number | undefined) =>
  (depth === undefined
    ? { isTTY: false }
    : { isTTY: true, hasColors: (count = 16) => count <= depth }) as unknown as NodeJS.WritableStream;
const plain = styleFor(stream(undefined), 'never');

test.each([
  ['auto', undefined, 0],
  ['auto', 2, 0],
  ['auto', 16, 1],
  ['auto', 256, 2],
  ['auto', 2 ** 24, 3],
  ['never', 2 ** 24, 0],
  ['always', undefined, 3],
] as const)('--ansi %s on a stream with %s colours: level %i', (mode, depth, level) => {
  expect(styleFor(stream(depth), mode).level).toBe(level);
});

test('a swatch needs colours and a colour', () => {
  const style = styleFor(stream(undefined), 'always');
  expect(swatch(style, '#00ff88')).toBe('\u001b[38;2;0;255;136m██\u001b[39m #00ff88');
  expect(swatch(style, 'teal')).toBe('teal');
  expect(swatch(style, 'x#00ff88')).toBe('x#00ff88');
  expect(swatch(plain, '#00ff88')).toBe('#00ff88');
});

test.each([
  ['', 0],
  ['abc', 3],
  ['ä', 1],
  ['🚀', 2],
  ['👩‍🚀', 2],
  ['温度', 4],
  ['\u001b[31mred\u001b[39m', 3],
])('%j takes %i columns', (text, width) => {
  expect(widthOf(text)).toBe(width);
});

test('columns are as wide as their widest cell, also where rows differ in length', () => {
  const rows = [['region', 'n'], ['🚀', '10', 'last'], ['']];
  expect(table(rows, [1]).split('\n')).toEqual(['region   n', '🚀      10  last', '']);
  expect(pad('ab', 4)).toBe('ab  ');
  expect(pad('ab', 4, true)).toBe('  ab');
  expect(pad('abc', 2)).toBe('abc');
});

test('sizes, counts and seconds', () => {
  expect([bytesText(499_999), bytesText(999_499_999), bytesText(1e9), bytesText(1_250_000_000)]).toEqual([
    ...['0 MB', '999 MB', '1.0 GB', '1.3 GB'],
  ]);
  expect([countText(0, 'node'), countText(1, 'node'), countText(2, 'node')]).toEqual(['0 nodes', '1 node', '2 nodes']);
  expect(secondsText(0.25)).toBe('0.3 s');
});

test('a table that is wider than the terminal shortens its least important columns, then leaves them out', () => {
  const rows = [
    ['id', 'message', 'body'],
    ['a', 'word '.repeat(4).trim(), '🚀'.repeat(10)],
  ];
  const widths = (width: number | undefined) =>
    table(rows, [], { width, least: [2, 1] })
      .split('\n')
      .map((line) => widthOf(line));
  expect(widths(undefined)).toEqual([29, 45]);
  expect(Math.max(...widths(40))).toBeLessThanOrEqual(40);
  expect(table(rows, [], { width: 36, least: [2, 1] })).toContain('word word word word  🚀🚀🚀🚀🚀…');
  // Both are as short as they get.
  expect(table(rows, [], { width: 24, least: [2, 1] }).split('\n')[1]).toBe('a   word word…  🚀🚀🚀…');
  expect(table(rows, [], { width: 12, least: [2, 1] }).split('\n')[1]).toBe('a   word wo…');
  expect(table(rows, [], { width: 3, least: [2, 1] }).split('\n')[1]).toBe('a');
});

test('a table of which nothing may be cut becomes paragraphs where it is wider than the terminal', () => {
  const rows = [['edge-us-1', 'interval 5 s (fleet)', 'paused no (default)']];
  expect(wholeTable(rows, 60)).toBe('edge-us-1  interval 5 s (fleet)  paused no (default)');
  const narrow = wholeTable(rows, 30).split('\n');
  expect(narrow.every((line) => line.length <= 30)).toBe(true);
  expect(narrow.join(' ').replace(/\s+/g, ' ')).toBe('edge-us-1 interval 5 s (fleet) paused no (default)');
});
