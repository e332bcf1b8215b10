import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSqlite } from '../../lib/sqlite/driver.js';
import type { Reading } from '../../protocol/message.js';
import type { Delivery } from '../../puller/delivery.js';
import { ReadBack } from './read-back.js';
import { SqliteStore } from './sqlite-store.js';

const T0 = 1_750_000_000_000;
let folder: string;
let path: string;
let store: SqliteStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stored-rows-'));
  path = join(folder, 'readings.db');
  store = new SqliteStore(path);
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function delivery(sequence: number, over: Partial<Reading> = {}): Delivery {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: 'e', hostname: 'h', icon_name: '👩🏽‍🚀', color: '#ff5733', region: 'eu', sequence },
    ...{ timestamp: new Date(T0).toISOString(), job_submission_time: 1, ...over },
  };
  return { id: `m-${sequence}`, body: '', message: {}, reading, config: undefined, receivedAt: T0 };
}
const message = (id: string, text: string): Delivery => ({
  ...{ id, body: text, message: {}, reading: undefined, config: undefined, receivedAt: T0 },
});

/** What damage does to a value without SQLite noticing. */
function change(sql: string): void {
  const db = openSqlite(path);
  db.exec(sql);
  db.close();
}
const shown = () => store.readingsAfter(0, 100).map(({ reading }) => reading.sequence);

test('whatever texts a reading or a message has, it is what was written', () => {
  const texts = ['', 'a\ud800b', '👩🏽‍🚀', 'é'.normalize('NFD'), '\\u0000'];
  store.append(texts.map((hostname, n) => delivery(n + 1, { hostname })));
  store.append([message('m', '{\n "a": "\\n\\ud800",\n "b": [1]\r\n}')]);
  expect([store.readingsAfter(0, 100).map(({ reading }) => reading.hostname), store.stats.damagedRows]).toEqual([
    texts.map((text) => text.replace('\ud800', '�')),
    0,
  ]);
  expect([...store.messagesAfter({ receivedAt: 0, id: 0 }, 10)]).toEqual([
    { id: 1, message: { a: '\n\ud800', b: [1] }, receivedAt: T0, size: expect.any(Number) },
  ]);
});

test.each([
  ['a letter of a text', "update readings set hostname = 'g' where sequence = 2"],
  ['a number', 'update readings set received_at = received_at + 1 where sequence = 2'],
  ['its time', 'update readings set elapsed_at = 1 where sequence = 2'],
  ['its configuration', "update readings set sensor_config = '{}' where sequence = 2"],
  // A number or a text that is none any more.
  ['a byte, to one that is not UTF-8', "update readings set region = cast(x'65ff' as text) where sequence = 2"],
  [
    'two texts, where one gets what the other loses',
    "update readings set hostname = 'h' || char(10) where sequence = 2",
  ],
])('a reading with a change to %s is counted once and never shown', (_, sql) => {
  store.append([1, 2, 3].map((n) => delivery(n)));
  change(sql);
  expect([shown(), shown(), store.stats.damagedRows]).toEqual([[1, 3], [1, 3], 1]);
  expect([...store.loadCheckpoint().after].map(({ reading }) => reading.sequence)).toEqual([1, 3]);
});

test('a message that was changed is counted and not shown', () => {
  store.append([message('a', '{"n":1}'), message('b', '{"n":2}'), message('c', '{"n":3}')]);
  change(
    `update messages set body = '{"n":9}' where id = 'a'; update messages set body = cast(x'ff' as text) where id = 'b'`,
  );
  expect([
    [...store.messagesAfter({ receivedAt: 0, id: 0 }, 10)].map(({ message: { n } }) => n),
    store.stats.damagedRows,
  ]).toEqual([[3], 2]);
});

test('a checkpoint that was changed does not count: everything is read', () => {
  store.append([delivery(1), delivery(2)]);
  store.saveCheckpoint({
    sensors: [],
    retired: {
      eu: { received: 7, duplicates: 0, late: 0, gaps: 0, dropped: 0, waiting: 0, unaccounted: 0, last_seen: 0 },
    },
  });
  expect([...store.loadCheckpoint().after]).toEqual([]);
  change("update checkpoint set fleet = replace(fleet, '7', '8')");
  const { fleet, after } = store.loadCheckpoint();
  expect([fleet, [...after].length, store.stats.damagedRows]).toEqual([{ sensors: [], retired: {} }, 2, 1]);
  change("update checkpoint set fleet = '[{', checksum = null");
  expect([...store.loadCheckpoint().after].length).toBe(2);
});

test('readings are compared a part at a time, from the first to the last and again', () => {
  const rows = new ReadBack(() => store.database);
  store.append([1, 2, 3, 4, 5].map((n) => delivery(n)));
  change("update readings set color = '#000000' where sequence in (2, 5)");
  const steps = [1, 2, 3].map(() => [rows.verifySome(2), rows.damaged]);
  expect(steps).toEqual([
    [true, 1],
    [true, 1],
    [false, 2],
  ]);
  change("update readings set color = '#000000' where sequence = 1");
  rows.verifySome(2);
  expect(rows.damaged).toBe(3);
});

test('all checksums are compared, some of them a second, and all again after an hour', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  store.append(Array.from({ length: 501 }, (_, n) => delivery(n + 1)));
  change("update readings set hostname = 'g' where sequence = 501");
  const damagedAfter = (ms: number) => {
    vi.advanceTimersByTime(ms);
    store.check();
    return store.stats.damagedRows;
  };
  expect([damagedAfter(0), damagedAfter(1_000)]).toEqual([0, 1]);
  change("update readings set hostname = 'g' where sequence = 1");
  expect([damagedAfter(3_599_999), damagedAfter(1)]).toEqual([1, 2]);
  vi.useRealTimers();
});
