import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../../lib/sqlite/driver.js';
import type { Delivery } from '../../puller/delivery.js';
import { SqliteStore } from './sqlite-store.js';

// No kill shows that a commit was not synced: the settings of the connection and the order of calls do.
let database: Database;
let calls: string[];
vi.mock('../../lib/sqlite/driver.js', async (original) => {
  const driver = await original<typeof import('../../lib/sqlite/driver.js')>();
  const openSqlite: typeof driver.openSqlite = (...options) => {
    const opened = driver.openSqlite(...options);
    const exec = (sql: string) => {
      calls.push(sql);
      opened.exec(sql);
    };
    database = new Proxy(opened, {
      get(_, name) {
        if (name === 'exec') return exec;
        const member: unknown = Reflect.get(opened, name, opened);
        return typeof member === 'function' ? member.bind(opened) : member;
      },
    });
    return database;
  };
  return { ...driver, openSqlite };
});

let folder: string;
let store: SqliteStore;

beforeEach(() => {
  calls = [];
  folder = mkdtempSync(join(tmpdir(), 'store-durability-'));
  store = new SqliteStore(join(folder, 'readings.db'));
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const pragma = (name: string) => Object.values(database.prepare(`pragma ${name}`).get() as object)[0];
const message = (id: string, body: string): Delivery => ({
  ...{ id, body, message: {}, reading: undefined, config: undefined, receivedAt: 1 },
});

test('a commit returns only after the disk has it, and readers wait for a writer', () => {
  const FULL = 2;
  expect([pragma('synchronous'), pragma('journal_mode'), pragma('busy_timeout')]).toEqual([FULL, 'wal', 1000]);
});

test('a group is one transaction, committed before it counts as taken', () => {
  store.append([message('before', '{}')]);
  calls = [];
  store.append([message('a', '{}'), message('b', '{}')]);
  // Begun for writing: one that reads first may fail in the middle of its group.
  expect(calls).toEqual(['begin immediate', 'commit']);
  expect(database.isTransaction).toBe(false);
});

test('a group that fails is rolled back before anybody hears of it', () => {
  store.append([message('before', '{}')]);
  calls = [];
  const broken = message('b', undefined as unknown as string);
  expect(() => store.append([message('a', '{}'), broken])).toThrow();
  expect(calls).toEqual(['begin immediate', 'rollback']);
  expect([...store.messagesAfter({ receivedAt: 0, id: 0 }, 10)]).toHaveLength(1);
});
