import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fleet } from '../../fleet/fleet.js';
import type { Reading } from '../../protocol/message.js';
import { parseReportedConfig } from '../../protocol/sensor-config.js';
import { StoreSink } from './readings-store.js';
import type { Delivery } from './sink.js';

const T0 = 1_750_000_000_000;
let folder: string;
let store: StoreSink;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
  store = new StoreSink(path());
});

afterEach(() => {
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
  store.accept([delivery(reading(1)), delivery(reading(2))]);
  expect(store.accept([delivery(reading(2), T0 + 5), delivery(reading(3)), delivery(reading(1))])).toEqual([
    ...[undefined, undefined, undefined],
  ]);
  expect(store.readingsAfter(0, 100).map((row) => [row.reading, row.receivedAt])).toEqual([
    [reading(1), T0],
    [reading(2), T0],
    [reading(3), T0],
  ]);
  store.accept([delivery(reading(1, { execution_id: 'e-2' }))]);
  expect(store.count()).toBe(4);
});

test('other messages are stored once by the id that the queue gave them', () => {
  const hello = { data: { test: 'Hello from curl! 🌡️' } };
  store.accept([delivery(hello, T0, 'm-1'), delivery(hello, T0 + 1, 'm-1'), delivery(hello, T0 + 2, 'm-2')]);
  expect(store.messagesAfter({ receivedAt: 0, id: 0 }, 10)).toEqual([
    { id: 1, message: hello, receivedAt: T0 },
    { id: 2, message: hello, receivedAt: T0 + 2 },
  ]);
  expect(store.count()).toBe(0);
});

test('a group that fails is not stored at all, and the store goes on', () => {
  const broken = { ...delivery(reading(2)), body: undefined as unknown as string, reading: undefined };
  expect(() => store.accept([delivery(reading(1)), broken])).toThrow();
  expect(store.count()).toBe(0);
  store.accept([delivery(reading(1))]);
  expect(store.count()).toBe(1);
});

test('what was accepted is on disk: another connection sees it, with the sensor’s configuration', () => {
  const config = parseReportedConfig('v=5;src=nadfd;file=bad;interval=500;paused=1')!;
  store.accept([{ ...delivery(reading(1)), config }]);
  const other = new Database(path(), { readonly: true });
  try {
    expect(other.prepare('select region, color, sensor_config from readings').all()).toEqual([
      { region: 'eu', color: '#ff5733', sensor_config: JSON.stringify(config) },
    ]);
  } finally {
    other.close();
  }
});

test('what came since a time is given in the order of arrival, of too many the newest', () => {
  store.accept([delivery(reading(3), T0 + 1), delivery(reading(1), T0 + 2), delivery(reading(2), T0 + 3)]);
  const sequences = (since: number, limit: number) =>
    store.readingsAfter(store.positionAt(since, limit).reading, limit).map((row) => row.reading.sequence);
  expect([sequences(T0, 10), sequences(T0 + 2, 10), sequences(T0, 2)]).toEqual([
    [3, 1, 2],
    [1, 2],
    [1, 2],
  ]);
});

test('a checkpoint and what came after it give the same fleet view as everything', () => {
  const fleet = new Fleet();
  const take = (deliveries: Delivery[]) => {
    store.accept(deliveries);
    for (const { reading: r, receivedAt } of deliveries) fleet.record(r!, undefined, receivedAt);
  };
  take([1, 2, 4].map((n) => delivery(reading(n), T0 + n)));
  store.saveCheckpoint(fleet.dump());
  take([3, 6, 7].map((n) => delivery(reading(n), T0 + 100 + n)));
  store.close();
  store = new StoreSink(path());
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
  store.accept([delivery(reading(1))]);
  const { fleet, after } = store.loadCheckpoint();
  expect([fleet, [...after].map((row) => row.reading)]).toEqual([{ sensors: [], retired: {} }, [reading(1)]]);
});

test('a file that is no database, or can’t be one, is said with its path', () => {
  for (const bad of [folder, join(folder, 'text')]) {
    if (bad !== folder) writeFileSync(bad, 'no database, but long enough to be read as the header of one'.repeat(40));
    expect(() => new StoreSink(bad)).toThrow(expect.objectContaining({ code: 'STORE_UNUSABLE' }));
  }
});

test('old readings and messages are forgotten, young ones stay', () => {
  store.accept([1, 2, 3].map((n) => delivery(reading(n), T0 + n)));
  store.accept([delivery({ a: 1 }, T0), delivery({ a: 2 }, T0 + 10)]);
  expect(store.forget(T0 + 3)).toBe(3);
  expect(store.readingsAfter(0, 10).map((row) => row.reading.sequence)).toEqual([3]);
  expect(store.messagesAfter({ receivedAt: 0, id: 0 }, 10).map(({ message }) => message)).toEqual([{ a: 2 }]);
});

test('after a start with a clock that went wrong young readings stay, and those of the wrong time go', () => {
  const group = (first: number, count: number, receivedAt: number) =>
    store.accept(Array.from({ length: count }, (_, n) => delivery(reading(first + n), receivedAt)));
  group(1, 10, T0 + 1_000);
  group(11, 30, 5);
  group(41, 5, T0 + 2_000);
  expect(store.forget(T0)).toBe(30);
  const sequences = store.readingsAfter(0, 100).map((row) => row.reading.sequence);
  expect(sequences).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 41, 42, 43, 44, 45]);
});

test('of many rows the right ones are found and forgotten, a part at a time', () => {
  store.accept(Array.from({ length: 25_000 }, (_, n) => delivery(reading(n + 1), T0 + Math.floor(n / 10))));
  expect(store.readingsAfter(store.positionAt(T0 + 2_400, 5_000).reading, 1)[0]?.reading.sequence).toBe(24_001);
  expect(store.readingsAfter(store.positionAt(T0 + 2_500, 5_000).reading, 1)).toEqual([]);
  expect([1, 2, 3].map(() => store.forget(T0 + 2_000))).toEqual([10_000, 10_000, 0]);
  expect(store.readingsAfter(0, 1)[0]).toMatchObject({ receivedAt: T0 + 2_000, reading: { sequence: 20_001 } });
});

test('after everything was forgotten, no new reading hides behind the checkpoint', () => {
  store.accept([1, 2, 3].map((n) => delivery(reading(n), T0)));
  store.saveCheckpoint({ sensors: [], retired: {} });
  store.forget(T0 + 1);
  store.accept([delivery(reading(4), T0 + 2)]);
  expect([...store.loadCheckpoint().after].map((row) => row.reading.sequence)).toEqual([4]);
});
