import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeDatabase } from '../../lib/sqlite/driver.js';
import { openDatabase } from './queue-database.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'queue-database-'));
  path = join(folder, 'queue.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

const refusal = (code: string, message: string | RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message), hint: expect.stringMatching(/./) });

test('a store is opened once at a time, and can be opened again after it was closed', () => {
  const database = openDatabase(path);
  expect(() => openDatabase(path)).toThrow(refusal('QUEUE_STORE_LOCKED', /in use by another process/));
  closeDatabase(database);
  expect(existsSync(`${path}-wal`)).toBe(false);
  closeDatabase(openDatabase(path));
});

test('a store of a newer version is refused', () => {
  const database = openDatabase(path);
  database.exec('PRAGMA user_version = 2');
  closeDatabase(database);
  expect(() => openDatabase(path)).toThrow(refusal('QUEUE_STORE_UNUSABLE', /written by a newer version/));
});

test('a file of another kind, and one in a folder that does not exist, are refused', () => {
  writeFileSync(path, 'not a database, but long enough to be taken for one'.repeat(20));
  expect(() => openDatabase(path)).toThrow(refusal('QUEUE_STORE_UNUSABLE', /not a database/));
  expect(() => openDatabase(join(folder, 'none', 'q.db'))).toThrow(refusal('QUEUE_STORE_UNUSABLE', /Can't open/));
});
