import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite } from '../../lib/sqlite/driver.js';
import { SqliteStore } from './sqlite-store.js';
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

const named = () =>
  expect.objectContaining({
    code: 'STORE_UNUSABLE',
    message: expect.stringContaining(path),
    hint: expect.stringMatching(/move it away.*-wal/),
    exitCode: 1,
  });

test('a database of another program is named, and stays as it is', () => {
  make('create table readings (x)');
  expect(() => new SqliteStore(path)).toThrow(named());
  expect(openSqlite(path).prepare('select name from sqlite_schema').all()).toEqual([{ name: 'readings' }]);
});

// Moving a good store away would lose its readings.
test('of a full disk nobody is told to move the store away', () => {
  const database = openSqlite(path);
  database.exec('create table t (a); pragma max_page_count = 3');
  const fill = () => database.exec('insert into t values (zeroblob(100000))');
  expect(() => withStoreErrors(path, fill)).toThrow(
    expect.objectContaining({ code: 'STORE_UNUSABLE', hint: expect.stringMatching(/^The disk is full/) }),
  );
});

test('any other trouble keeps its own name', () => {
  expect(() => withStoreErrors(path, () => readFileSync(path))).toThrow('ENOENT');
});
