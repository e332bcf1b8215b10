/** The file of an open store is deleted, replaced or damaged by others: nothing that was accepted is missing afterwards. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSqlite } from '../../lib/sqlite/driver.js';
import type { Delivery } from '../../puller/delivery.js';
import { countReadings } from '../../test/support/store-of-readings.js';
import { SqliteStore } from './sqlite-store.js';
import type { StoreFileEvent } from './store-file.js';

const T0 = 1_750_000_000_000;
let folder: string;
let path: string;
let events: StoreFileEvent[];
let store: SqliteStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-file-'));
  path = join(folder, 'state', 'readings.db');
  events = [];
  store = open();
});

afterEach(() => {
  vi.useRealTimers();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = () => new SqliteStore(path, (event) => events.push(event));

const delivery = (sequence: number): Delivery => ({
  ...{ id: `m-${sequence}`, body: '', message: {}, config: undefined, receivedAt: T0 },
  reading: {
    ...{ job_id: 'j', execution_id: 'e', hostname: 'h', icon_name: '🚀', color: '#ff5733', region: 'eu', sequence },
    ...{ timestamp: new Date(T0 + sequence).toISOString(), job_submission_time: 1 },
  },
});
const accept = (from: number, to: number) =>
  store.append(Array.from({ length: to - from + 1 }, (_, i) => delivery(from + i)));

let copies = 0;

/** What the next start finds, whose process knows nothing of this one. */
function foundAfterwards(): number {
  const copy = join(folder, `copy-${copies++}.db`);
  for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  const next = new SqliteStore(copy);
  const count = countReadings(next);
  next.close();
  return count;
}

test.each([
  ['deleted', 'deleted', () => rmSync(path)],
  ['deleted with its log', 'deleted', () => ['', '-wal', '-shm'].map((suffix) => rmSync(path + suffix))],
  ['deleted with its folder', 'deleted', () => rmSync(join(folder, 'state'), { recursive: true })],
  ['left without its log', 'deleted', () => rmSync(`${path}-wal`)],
  ['replaced', 'replaced', () => [rmSync(path), writeFileSync(path, 'something else')]],
])('a store that was %s is written back before a group counts as accepted', (_, problem, damage) => {
  accept(1, 1000);
  damage();
  accept(1001, 1003);
  expect(events).toEqual([expect.objectContaining({ type: 'database-rewritten', path, problem })]);
  expect(foundAfterwards()).toBe(1003);
  accept(1004, 1004);
  expect([foundAfterwards(), events.length]).toEqual([1004, 1]);
});

test('a store that was only left without its log is no damaged one', () => {
  accept(1, 10);
  rmSync(`${path}-wal`);
  store.check();
  expect(events).toMatchObject([{ type: 'database-rewritten', quarantined: undefined, salvaged: undefined }]);
  expect(readdirSync(join(folder, 'state')).filter((name) => name.includes('damaged'))).toEqual([]);
  expect(foundAfterwards()).toBe(10);
});

test('it is written back without any reading, too', () => {
  accept(1, 10);
  rmSync(path);
  store.check();
  store.check();
  expect([foundAfterwards(), events.length]).toEqual([10, 1]);
});

test('while it can not be written back nothing is accepted, and it is tried every ten seconds', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  accept(1, 10);
  rmSync(join(folder, 'state'), { recursive: true });
  writeFileSync(join(folder, 'state'), 'no folder');
  const said = /readings\.db was deleted, and can't be written back: /;
  expect(() => accept(11, 20)).toThrow(said);
  rmSync(join(folder, 'state'));
  expect(() => accept(11, 20)).toThrow(said);
  vi.advanceTimersByTime(10_000);
  accept(11, 20);
  expect(foundAfterwards()).toBe(20);
});

test('an emptied store goes on with what its handle still has, and the empty file is kept', () => {
  accept(1, 1000);
  truncateSync(path, 0);
  accept(1001, 1003);
  expect(events).toHaveLength(1);
  expect(readdirSync(join(folder, 'state'))).toContain('readings.db.damaged');
  expect(foundAfterwards()).toBe(1003);
});

test('a store that was emptied or damaged while nothing ran is never begun anew without a word', () => {
  accept(1, 5_000);
  store.close();
  // What is left after an orderly exit: everything in one file.
  openSqlite(path).exec('pragma wal_checkpoint(truncate)');
  const whole = join(folder, 'whole.db');
  copyFileSync(path, whole);
  const reopen = (damage: () => void) => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    copyFileSync(whole, path);
    damage();
    events = [];
    store = open();
    return countReadings(store);
  };
  expect(reopen(() => truncateSync(path, 0))).toBe(0);
  expect(events).toMatchObject([{ type: 'database-quarantined', quarantined: `${path}.damaged`, salvaged: {} }]);
  store.close();
  expect(reopen(() => writeFileSync(path, 'no database at all\n'.repeat(500)))).toBe(0);
  expect(events).toMatchObject([{ type: 'database-quarantined', quarantined: `${path}.damaged-2` }]);
  store.close();
  const left = reopen(() => overwritePage(20));
  expect(left).toBeGreaterThan(4_900);
  expect(events).toMatchObject([{ salvaged: { readings: left } }]);
  store.close();
  expect(reopen(() => {})).toBe(5_000);
  expect(events).toEqual([]);
});

test('damage that a write meets is repaired, and the group is in the new store', () => {
  accept(1, 5_000);
  openSqlite(path).exec('pragma wal_checkpoint(truncate)');
  store.close();
  // It has read no page yet.
  store = open();
  for (let page = 10; page < 60; page++) overwritePage(page);
  accept(1, 5_100);
  expect(events).toMatchObject([{ type: 'database-quarantined', quarantined: `${path}.damaged` }]);
  expect(foundAfterwards()).toBe(5_100);
});

test('damage that is known is repaired while the store is in use', () => {
  accept(1, 5_000);
  openSqlite(path).exec('pragma wal_checkpoint(truncate)');
  overwritePage(20);
  store.repair('a test');
  expect(events).toMatchObject([{ type: 'database-quarantined', problem: 'a test', quarantined: `${path}.damaged` }]);
  expect(countReadings(store)).toBeGreaterThan(4_900);
});

function overwritePage(number: number): void {
  const file = openSync(path, 'r+');
  expect(statSync(path).size).toBeGreaterThan((number + 1) * 4096);
  writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, number * 4096);
  closeSync(file);
}
