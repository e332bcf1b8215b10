import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type LibsqlDatabase from 'libsql';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StoreSink } from './readings-store.js';
import type { Delivery } from './sink.js';

// No kill shows that a commit was not synced: the settings of the connection and the order of calls do.
let database: LibsqlDatabase.Database;
let calls: string[];
vi.mock('libsql', async (importOriginal) => {
  const { default: Original } = await importOriginal<{ default: typeof LibsqlDatabase }>();
  class Noting extends Original {
    constructor(path: string) {
      super(path);
      database = this;
    }
    override exec(sql: string) {
      calls.push(sql);
      return super.exec(sql);
    }
  }
  return { default: Noting };
});

let folder: string;
let store: StoreSink;

beforeEach(() => {
  calls = [];
  folder = mkdtempSync(join(tmpdir(), 'store-durability-'));
  store = new StoreSink(join(folder, 'readings.db'));
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const pragma = (name: string) => Object.values(database.prepare(`pragma ${name}`).get([]) as object)[0];
const message = (id: string, body: string): Delivery => ({
  ...{ id, body, message: {}, reading: undefined, config: undefined, receivedAt: 1 },
});

test('a commit returns only after the disk has it, and readers wait for a writer', () => {
  const FULL = 2;
  expect([pragma('synchronous'), pragma('journal_mode'), pragma('busy_timeout')]).toEqual([FULL, 'wal', 5000]);
});

test('a group is one transaction, committed before it counts as taken', () => {
  calls = [];
  expect(store.accept([message('a', '{}'), message('b', '{}')])).toEqual([undefined, undefined]);
  // Begun for writing: one that reads first may fail in the middle of its group.
  expect(calls).toEqual(['begin immediate', 'commit']);
  expect(database.inTransaction).toBe(false);
});

test('a group that fails is rolled back before anybody hears of it', () => {
  calls = [];
  const broken = message('b', undefined as unknown as string);
  expect(() => store.accept([message('a', '{}'), broken])).toThrow();
  expect(calls).toEqual(['begin immediate', 'rollback']);
  expect([...store.messagesAfter({ receivedAt: 0, id: 0 }, 10)]).toEqual([]);
});
