import {
  closeSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastLines, openLog } from './log-file.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-file-'));
  path = join(folder, 'a.log');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As a run of a program does; gives where its output begins. */
function run(text: string, maxBytes?: number): number {
  const { fd, from } = openLog(path, maxBytes);
  writeSync(fd, text);
  closeSync(fd);
  return from;
}

test('the last lines of a log, without blank ones', () => {
  expect(lastLines(path, 3)).toEqual([]);
  writeFileSync(path, 'one\n\ntwo\n  \nthree\nfour\n\n');
  expect(lastLines(path, 3)).toEqual(['two', 'three', 'four']);
  expect(lastLines(path, 30)).toEqual(['one', 'two', 'three', 'four']);
});

test('the words of one run', () => {
  expect(run('first ö\n')).toBe(0);
  const from = run('second\nlast\n');
  expect(lastLines(path, 5, from)).toEqual(['second', 'last']);
  expect(lastLines(path, 1, from)).toEqual(['last']);
  expect(lastLines(path, 5, run(''))).toEqual([]);
  // Somebody has emptied it meanwhile.
  expect(lastLines(path, 5, 1_000_000)).toEqual([]);
});

test('a log of a gigabyte is read at its end only', () => {
  writeFileSync(path, 'begin\n');
  // A hole, which takes no space.
  truncateSync(path, 2 ** 30);
  expect(run('\nend\n', Number.POSITIVE_INFINITY)).toBe(2 ** 30);
  expect(lastLines(path, 1)).toEqual(['end']);
}, 5_000);

test('a log that is too long makes way, and the one before it goes', () => {
  expect([run('1234', 4), run('5', 4), run('6', 4), run('7890', 4), run('x', 4)]).toEqual([0, 4, 0, 1, 0]);
  expect(readdirSync(folder).sort()).toEqual(['a.log', 'a.log.1']);
  expect([readFileSync(path, 'utf8'), readFileSync(`${path}.1`, 'utf8')]).toEqual(['x', '67890']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
