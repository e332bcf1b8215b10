import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Fleet } from '../../fleet/fleet.js';
import { openSqlite } from '../../lib/sqlite/driver.js';
import { MARK_AGE_MS } from '../../lib/time/elapsed-clock.js';
import type { Reading } from '../../protocol/message.js';
import { parseReportedConfig } from '../../protocol/sensor-config.js';
import type { Delivery } from '../../puller/delivery.js';
import { countReadings } from '../../test/support/store-of-readings.js';
import { SqliteStore } from './sqlite-store.js';

const T0 = 1_750_000_000_000;
const HOUR = 3_600_000;
/** Of stores before `pragma user_version` was used. */
const OLD_SCHEMA = `
create table readings (id integer primary key, received_at integer not null, execution_id text not null,
  sequence integer not null, job_id text not null, hostname text not null, region text not null,
  timestamp text not null, color text not null, icon_name text not null, job_submission_time integer not null,
  sensor_config text, unique (execution_id, sequence, timestamp));
create table messages (id text primary key, received_at integer not null, body text not null);
create index messages_by_time on messages (received_at);
create table checkpoint (id integer primary key check (id = 1), last_reading integer not null, fleet text not null);
`;
let folder: string;
let store: SqliteStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
  store = new SqliteStore(path());
});

afterEach(() => {
  vi.useRealTimers();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, 'new', 'readings.db');

function reading(sequence: number, over: Partial<Reading> = {}): Reading {
  return {
    job_id: 'j-1',
    execution_id: 'e-1',
    icon_name: '👩🏽‍🚀',
    timestamp: new Date(T0 + sequence * 1000).toISOString(),
    color: '#ff5733',
    sequence,
    region: 'eu',
    job_submission_time: T0,
    hostname: 'edge-eu-1',
    ...over,
  };
}

const delivery = (what: Reading | object, receivedAt = T0, id = Math.random().toString()): Delivery => ({
  ...{ id, body: JSON.stringify(what), message: { ...what }, receivedAt },
  reading: 'sequence' in what ? (what as Reading) : undefined,
  config: undefined,
});

test('a reading is stored once, however often and in whatever company it comes', () => {
  store.append([delivery(reading(1)), delivery(reading(2))]);
  store.append([delivery(reading(2), T0 + 5), delivery(reading(3)), delivery(reading(1))]);
  expect(store.readingsAfter(0, 100).map((row) => [row.reading, row.receivedAt])).toEqual([
    [reading(1), T0],
    [reading(2), T0],
    [reading(3), T0],
  ]);
  store.append([delivery(reading(1, { execution_id: 'e-2' }))]);
  expect(countReadings(store)).toBe(4);
});

test('other messages are stored once by the id that the queue gave them', () => {
  const hello = { data: { test: 'Hello from curl! 🌡️' } };
  store.append([delivery(hello, T0, 'm-1'), delivery(hello, T0 + 1, 'm-1'), delivery(hello, T0 + 2, 'm-2')]);
  expect([...store.messagesAfter({ receivedAt: 0, id: 0 }, 10)]).toEqual([
    { id: 1, message: hello, receivedAt: T0, size: expect.any(Number) },
    { id: 2, message: hello, receivedAt: T0 + 2, size: expect.any(Number) },
  ]);
  expect([...store.messagesAfter({ receivedAt: 0, id: 0 }, 1)]).toHaveLength(1);
  expect(countReadings(store)).toBe(0);
});

test('a group that fails is not stored at all, and the store goes on', () => {
  const broken = { ...delivery(reading(2)), body: undefined as unknown as string, reading: undefined };
  expect(() => store.append([delivery(reading(1)), broken])).toThrow();
  expect(countReadings(store)).toBe(0);
  store.append([delivery(reading(1))]);
  expect(countReadings(store)).toBe(1);
});

test('what was accepted is on disk: another connection sees it, with the sensor’s configuration', () => {
  const config = parseReportedConfig('v=5;src=nadfd;file=bad;interval=500;paused=1')!;
  store.append([{ ...delivery(reading(1)), config }]);
  const other = openSqlite(path(), { readOnly: true });
  try {
    expect(other.prepare('select region, color, sensor_config from readings').all()).toEqual([
      { region: 'eu', color: '#ff5733', sensor_config: JSON.stringify(config) },
    ]);
  } finally {
    other.close();
  }
});

test('what came since a time is given in the order of arrival, of too many the newest', () => {
  store.append([delivery(reading(3), T0 + 1), delivery(reading(1), T0 + 2), delivery(reading(2), T0 + 3)]);
  const newest = (since: number, limit: number) =>
    store.readingsAfter(store.positionAt(since, limit).reading, limit).map((row) => row.reading.sequence);
  expect([newest(T0, 10), newest(T0 + 2, 10), newest(T0, 2)]).toEqual([
    [3, 1, 2],
    [1, 2],
    [1, 2],
  ]);
});

test('a checkpoint and what came after it give the same fleet view as everything', () => {
  const fleet = new Fleet();
  const take = (deliveries: Delivery[]) => {
    store.append(deliveries);
    for (const { reading: r, receivedAt } of deliveries) fleet.record(r!, undefined, receivedAt);
  };
  take([1, 2, 4].map((n) => delivery(reading(n), T0 + n)));
  store.saveCheckpoint(fleet.dump());
  take([3, 6, 7].map((n) => delivery(reading(n), T0 + 100 + n)));
  store.close();
  store = new SqliteStore(path());
  const { fleet: dump, after } = store.loadCheckpoint();
  const again = new Fleet();
  again.load(dump);
  const rows = [...after];
  for (const row of rows) again.record(row.reading, undefined, row.receivedAt);
  expect(rows.map((row) => row.reading.sequence)).toEqual([3, 6, 7]);
  expect(again.view(T0 + 60_000)).toEqual(fleet.view(T0 + 60_000));
  expect(again.view(T0 + 60_000)[0]).toMatchObject({ received: 6, late: 1, gaps: 1 });
});

test('a store without checkpoint gives everything', () => {
  store.append([delivery(reading(1))]);
  const { fleet, after } = store.loadCheckpoint();
  expect([fleet, [...after].map((row) => row.reading)]).toEqual([{ sensors: [], retired: {} }, [reading(1)]]);
});

test('a path that can’t be a file is said', () => {
  expect(() => new SqliteStore(folder)).toThrow(expect.objectContaining({ code: 'STORE_UNUSABLE' }));
});

/** Time passes; the clock of the machine is set by hand with `vi.setSystemTime`. */
function fakeTime(): void {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: T0 });
  store.close();
  store = new SqliteStore(path());
}
const pass = (ms: number) => vi.advanceTimersByTime(ms);
const sequences = () => store.readingsAfter(0, 100).map((row) => row.reading.sequence);

test('old readings and messages are forgotten, young ones stay', () => {
  fakeTime();
  store.append([delivery(reading(1)), delivery({ a: 1 })]);
  pass(1);
  store.append([delivery(reading(2))]);
  pass(1);
  store.append([delivery(reading(3)), delivery({ a: 2 }, T0 + 10)]);
  expect(store.forgetReadings(T0 + 2)).toBe(3);
  expect(sequences()).toEqual([3]);
  expect([...store.messagesAfter({ receivedAt: 0, id: 0 }, 10)].map(({ message }) => message)).toEqual([{ a: 2 }]);
});

test.each([
  ['25 hours ahead', 25 * HOUR],
  ['to 1970', -T0],
])('readings keep their age when the clock is set %s, also in a store that is opened then', (_, step) => {
  fakeTime();
  store.append([delivery(reading(1), Date.now())]);
  vi.setSystemTime(T0 + step);
  pass(1000);
  store.append([delivery(reading(2), Date.now()), delivery({ a: 1 }, Date.now())]);
  store.saveCheckpoint({ sensors: [], retired: {} });
  store.close();
  store = new SqliteStore(path());
  pass(1000);
  store.append([delivery(reading(3), Date.now())]);
  expect(store.clock.now()).toBe(T0 + 2000);
  expect([store.forgetReadings(store.clock.now() - HOUR), sequences()]).toEqual([0, [1, 2, 3]]);
  pass(HOUR - 1500);
  expect([store.forgetReadings(store.clock.now() - HOUR), sequences()]).toEqual([1, [2, 3]]);
});

test('a store of an older version gets its columns; its readings are as old as the newest of them shows', () => {
  store.close();
  rmSync(path());
  const old = openSqlite(path());
  old.exec(OLD_SCHEMA);
  const insert = old.prepare("insert into readings values (?,?,'e-1',?,'j','h','eu','t','#','i',1,null)");
  for (const [id, at] of [T0, 5, T0 + 1000].entries()) insert.run(id + 1, at, id + 1);
  old.prepare("insert into messages values ('m', ?, '{\"a\":1}')").run(T0 + 500);
  old.close();
  store = new SqliteStore(path());
  fakeTime();
  // The clock is wrong by a year when this version runs for the first time.
  vi.setSystemTime(T0 + 365 * 24 * HOUR);
  expect([store.clock.now(), store.forgetReadings(store.clock.now() - HOUR)]).toEqual([T0 + 1000 + MARK_AGE_MS, 1]);
  store.append([delivery(reading(9))]);
  expect([sequences(), [...store.messagesAfter({ receivedAt: 0, id: 0 }, 10)].length, store.stats.damagedRows]).toEqual(
    [[1, 3, 9], 1, 0],
  );
  const reopened = openSqlite(path());
  expect(reopened.prepare('pragma user_version').get()).toMatchObject({ user_version: 3 });
  reopened.close();
});

test('a store of a newer version stays as it is', () => {
  store.close();
  const newer = openSqlite(path());
  newer.exec('pragma user_version = 4');
  newer.close();
  expect(() => new SqliteStore(path())).toThrow(
    expect.objectContaining({ code: 'STORE_UNUSABLE', message: expect.stringMatching(/newer version/) }),
  );
  store = new SqliteStore(join(folder, 'other.db'));
});

test('of many rows the right ones are found and forgotten, a part at a time', () => {
  fakeTime();
  for (let group = 0; group < 130; group++) {
    store.append(Array.from({ length: 100 }, (_, n) => delivery(reading(100 * group + n + 1), T0 + 10 * group)));
    pass(10);
  }
  expect(store.readingsAfter(store.positionAt(T0 + 1_200, 5_000).reading, 1)[0]?.reading.sequence).toBe(12_001);
  expect(store.readingsAfter(store.positionAt(T0 + 1_300, 5_000).reading, 1)).toEqual([]);
  expect([1, 2, 3].map(() => store.forgetReadings(T0 + 1_100))).toEqual([10_000, 1_000, 0]);
  expect(store.readingsAfter(0, 1)[0]).toMatchObject({ receivedAt: T0 + 1_100, reading: { sequence: 11_001 } });
});

test('after everything was forgotten, no new reading hides behind the checkpoint', () => {
  store.append([1, 2, 3].map((n) => delivery(reading(n), T0)));
  store.saveCheckpoint({ sensors: [], retired: {} });
  store.forgetReadings(Number.MAX_SAFE_INTEGER);
  store.append([delivery(reading(4), T0 + 2)]);
  expect([...store.loadCheckpoint().after].map((row) => row.reading.sequence)).toEqual([4]);
});

test('measured values are stored as JSON, in stores of older versions, too', () => {
  store.close();
  rmSync(join(folder, 'new'), { recursive: true });
  mkdirSync(join(folder, 'new'));
  const old = openSqlite(path());
  old.exec(OLD_SCHEMA);
  old.close();
  store = new SqliteStore(path());
  store.append([delivery(reading(1)), delivery(reading(2, { values: { temperature: -4.5 } }))]);
  expect(store.readingsAfter(0, 10).map((stored) => stored.reading.values)).toEqual([undefined, { temperature: -4.5 }]);
  const db = openSqlite(path());
  const query = "select json_extract(measured_values, '$.temperature') as t from readings order by id";
  expect(db.prepare(query).all()).toEqual([{ t: null }, { t: -4.5 }]);
  db.close();
});
