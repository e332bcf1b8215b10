/**
 * POSIX drops the locks of a process on a file when the process closes any descriptor of it. SQLite knows that and shares
 * its own; a descriptor of ours would open the database to other processes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DatabaseFile, findFileDamage } from './database-file.js';
import { type Database, openSqlite } from './driver.js';

let folder: string;
let path: string;
let database: Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'own-locks-'));
  path = join(folder, 'it.db');
  database = openSqlite(path);
  database.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; create table t (a)');
});

afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What another process is told that reads the database. */
function readElsewhere(): string {
  const script = `
    import { DatabaseSync } from '@photostructure/sqlite';
    new DatabaseSync(process.argv[1]).exec('select * from t');`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script, path], { encoding: 'utf8' }).stderr;
}

const open = () => new DatabaseFile({ path, open: openSqlite, onQuarantined: () => {} });

const OPERATIONS: [string, () => unknown][] = [
  ['making it private', () => openSqlite(path).close()],
  ['reading it for damage', () => findFileDamage(path)],
  ['opening it again', () => open().database.close()],
  ['watching its file', () => open().problem()],
  ['reading which damaged ones are kept', () => open().quarantined],
];

test.each(OPERATIONS)('%s leaves other processes locked out', (_, operate) => {
  operate();
  expect(readElsewhere()).toContain('database is locked');
});
