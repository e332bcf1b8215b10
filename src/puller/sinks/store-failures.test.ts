import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite } from '../../lib/sqlite/driver.js';
import { StoreSink } from './readings-store.js';
import { withStoreErrors } from './store-errors.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-trouble-'));
  path = join(folder, 'readings.db');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A whole database in one file. */
function make(sql: string): void {
  const db = openSqlite(path);
  db.exec(sql);
  db.close();
}

function cutOff(): void {
  make('create table a (x); create table b (x); create table c (x)');
  truncateSync(path, 5000);
}

const named = () =>
  expect.objectContaining({
    code: 'STORE_UNUSABLE',
    message: expect.stringContaining(path),
    hint: expect.stringMatching(/move it away.*-wal/),
    exitCode: 1,
  });

test.each([
  ['holds a text', () => writeFileSync(path, 'no database at all\n'.repeat(500))],
  ['holds three bytes', () => writeFileSync(path, 'abc')],
  ['is empty', () => writeFileSync(path, '')],
  ['was cut off', cutOff],
  ['is of another program', () => make('create table readings (x)')],
])('a file that %s is named, and stays as it is', (_, damage) => {
  damage();
  const before = readFileSync(path);
  expect(() => new StoreSink(path)).toThrow(named());
  if (before.subarray(0, 6).toString() !== 'SQLite') expect(readFileSync(path)).toEqual(before);
});

test('any other trouble keeps its own name', () => {
  expect(() => withStoreErrors(path, () => readFileSync(path))).toThrow('ENOENT');
});
