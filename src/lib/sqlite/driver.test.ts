import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { abandonDatabase, isBusy, isDamage, isFull, openSqlite, resultCodeOf } from './driver.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driver-'));
  path = join(folder, 'it.db');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function failureOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

test.each(['get', 'all', 'run', 'iterate'] as const)('what went wrong is known, also of %s', (method) => {
  const statement = openSqlite(':memory:').prepare("select json('{')");
  const failure = failureOf(() =>
    [statement[method]()].flatMap((rows) => (method === 'iterate' ? [...(rows as [])] : [])),
  );
  expect(resultCodeOf(failure)).toBe(1);
});

test('a full, a locked and a damaged database are told apart', () => {
  const database = openSqlite(path);
  database.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; create table t (a)');
  const other = failureOf(() => openSqlite(path).prepare('select * from t').all());
  expect([isBusy(other), isFull(other), isDamage(other)]).toEqual([true, false, false]);
  database.exec('pragma max_page_count = 3');
  const full = failureOf(() => database.exec('insert into t values (zeroblob(100000))'));
  expect([isBusy(full), isFull(full), isDamage(full)]).toEqual([false, true, false]);
  // As it comes where only the shared memory of the log has no room.
  const noRoom = Object.assign(new Error('disk I/O error'), { errcode: 4874, systemErrno: 28 });
  expect([isFull(noRoom), isFull(Object.assign(noRoom, { systemErrno: 5 }))]).toEqual([true, false]);
  writeFileSync(join(folder, 'other.db'), 'no database '.repeat(100));
  const damaged = failureOf(() => openSqlite(join(folder, 'other.db')).exec('select * from sqlite_schema'));
  expect([isBusy(damaged), isFull(damaged), isDamage(damaged)]).toEqual([false, false, true]);
  expect(resultCodeOf(new Error('database is locked'))).toBeUndefined();
});

test.runIf(process.platform === 'linux')('an abandoned database lets go of its files', async () => {
  const open = () => readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(path)).length;
  const use = () => {
    const database = openSqlite(path);
    database.exec('pragma journal_mode = wal; create table t (a)');
    database.prepare('insert into t values (?)').run(1);
    return database;
  };
  const abandon = () => abandonDatabase(use());
  abandon();
  await vi.waitUntil(() => open() === 0);
});

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
