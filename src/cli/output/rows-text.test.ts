import { expect, test } from 'vitest';
import { rowsText } from './rows-text.js';
import { styleFor } from './terminal-text.js';

const PLAIN = styleFor(process.stdout, 'never');
const ROWS = [
  ['eu', 1_750_000_000_000, null, 'a long text of a reading'],
  ['us\n', 5, 0.5, ''],
];
const show = (width?: number) => rowsText(['region', 'at', 'value', 'note'], ROWS, PLAIN, width);

test('a table: numbers to the right, nothing for a terminal to obey', () => {
  expect(show()).toBe(`region               at  value  note
eu        1750000000000   null  a long text of a reading
us\\u000a              5    0.5`);
});

test('where it is narrow, texts are shortened and numbers are not', () => {
  expect(show(43)).toBe(`region               at  value  note
eu        1750000000000   null  a long tex…
us\\u000a              5    0.5`);
});

test('where there is no room, each row is lines, and nothing is left out', () => {
  expect(show(30)).toBe(`row 1
region  eu
at      1750000000000
value   null
note    a long text of a reading

row 2
region  us\\u000a
at      5
value   0.5
note    `);
});

test('an answer without rows has its columns', () => {
  expect(rowsText(['a', 'b'], [], PLAIN, 80)).toBe('a  b');
});
