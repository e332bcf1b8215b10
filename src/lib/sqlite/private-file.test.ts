import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openSqlite } from './driver.js';

const folder = mkdtempSync(join(tmpdir(), 'private-'));
afterAll(() => rmSync(folder, { recursive: true }));
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test.each(['a new one', 'one that others may read'])('a database and its log are for this user only: %s', (name) => {
  const path = join(folder, `${name}.db`);
  if (name !== 'a new one') {
    writeFileSync(path, '');
    chmodSync(path, 0o644);
  }
  const database = openSqlite(path);
  database.exec('pragma journal_mode = wal; create table t (x)');
  expect([path, `${path}-wal`].map(modeOf)).toEqual(['600', '600']);
  database.close();
});

test('a path that can not be a file is left to SQLite', () => {
  expect(() => openSqlite(join(folder, 'missing', 'a.db'))).toThrow('unable to open database file');
});
