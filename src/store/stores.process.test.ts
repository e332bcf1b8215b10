/** What every store does alike: an SQLite file, and a database of a real PostgreSQL server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Fleet } from '../fleet/fleet.js';
import type { Reading } from '../protocol/message.js';
import { parseReportedConfig } from '../protocol/sensor-config.js';
import { POSTGRES_BIN, PostgresServer, WHY_SKIPPED } from '../test/support/postgres-server.js';
import { openPostgresStore } from '../test/support/postgres-store.js';
import { type HistoryRange, HOUR_MS, MINUTE_MS } from './history.js';
import { SqliteStore } from './sqlite/sqlite-store.js';
import type { ReadingsStore, StoredReading, StoreEntry } from './store.js';

/** The begin of an hour, an hour ago: a day's table of PostgreSQL is there for it. */
const T0 = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
const DAY = 24 * HOUR_MS;

const KINDS = {
  sqlite: {
    start: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'stores-'));
      let count = 0;
      return {
        location: async () => join(folder, `${++count}.db`),
        open: async (location: string): Promise<ReadingsStore> => new SqliteStore(location),
        stop: () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  },
  postgres: {
    start: async () => {
      const server = await PostgresServer.start();
      return { location: () => server.database(), open: openPostgresStore, stop: () => server.stop() };
    },
  },
};

describe.each(Object.entries(KINDS))('a store: %s', (kind, { start }) => {
  if (kind === 'postgres' && POSTGRES_BIN === undefined) {
    test.skip(WHY_SKIPPED);
    return;
  }
  let stores: Awaited<ReturnType<typeof start>>;
  let location: string;
  let store: ReadingsStore;
  let sequence = 0;

  beforeAll(async () => {
    stores = await start();
  });
  afterAll(() => stores.stop());
  beforeEach(async () => {
    location = await stores.location();
    store = await stores.open(location);
    sequence = 0;
  });
  afterEach(() => store.close());

  const entry = (at: number, over: Partial<Reading> = {}, late = 0): StoreEntry => {
    const reading: Reading = {
      ...{ job_id: 'j', execution_id: 'e', hostname: 'edge-eu-1', icon_name: '👩🏽‍🚀', color: '#ffffff', region: 'eu' },
      ...{ sequence: ++sequence, timestamp: new Date(at).toISOString(), job_submission_time: 1 },
      ...over,
    };
    return { id: `m${sequence}`, body: '', reading, config: undefined, receivedAt: at + late };
  };
  const message = (id: string, body: object, receivedAt: number): StoreEntry => ({
    ...{ id, body: JSON.stringify(body), reading: undefined, config: undefined, receivedAt },
  });
  const temperature = (value: number) => ({ values: { temperature: value } });

  const all = async () => (await store.readingsAfter(0, 1_000_000)).map(({ reading }) => reading.sequence);
  const messages = async () => [...(await store.messagesAfter({ receivedAt: 0, id: 0 }, 100, 1e6))];
  async function reopen(): Promise<void> {
    await store.close();
    store = await stores.open(location);
  }
  async function rollUp(): Promise<void> {
    for (let now = T0; (await store.rollUp(now)) || store.notRolledUp > 0; now += MINUTE_MS);
  }
  const ask = async (over: Partial<HistoryRange> = {}, now = T0 + 90 * DAY) => {
    const range = {
      metric: 'temperature',
      region: undefined,
      host: undefined,
      from: T0,
      to: T0 + HOUR_MS,
      step: MINUTE_MS,
    };
    return (await store.history({ ...range, ...over }, now)) ?? [];
  };

  test('keeps each reading once, in the order of arrival, and gives back what it got', async () => {
    const config = parseReportedConfig('v=5;src=nadfd;file=bad;interval=500;paused=1')!;
    const [a, b, c] = [entry(T0 + 2, temperature(-4.5)), { ...entry(T0 + 1), config }, entry(T0)];
    await store.append([a, b]);
    await store.append([{ ...b, receivedAt: T0 + 99 }, c, a]);
    expect(await store.readingsAfter(0, 100)).toEqual(
      [a, b, c].map(({ reading, receivedAt }) => ({
        id: expect.any(Number),
        reading,
        receivedAt,
        config: reading === b.reading ? JSON.stringify(config) : null,
      })),
    );
    await store.append([{ ...entry(T0), reading: { ...a.reading!, execution_id: 'e-2' } }]);
    const [first, ...rest] = await store.readingsAfter(0, 2);
    expect([rest.length, (await store.readingsAfter(first!.id, 100)).length]).toEqual([1, 3]);
  });

  test('says which readings of a group were there', async () => {
    const [a, b, c] = [entry(T0), entry(T0 + 1), entry(T0 + 2)];
    expect(await store.append([a, b])).toEqual([]);
    const twice = { ...c };
    expect(await store.append([message('m', {}, T0), b, c, twice, a])).toEqual([b, twice, a]);
    expect(await store.append([a, message('m', {}, T0)])).toEqual([a]);
  });

  test('keeps other messages once by the id that the queue gave them', async () => {
    const body = { text: 'Hello 🌡️ \u0000' };
    await store.append([message('m-1', body, T0), message('m-1', body, T0 + 1), message('m-2', body, T0 + 2)]);
    expect((await messages()).map(({ message: what, receivedAt }) => [what, receivedAt])).toEqual([
      [body, T0],
      [body, T0 + 2],
    ]);
    expect([...(await store.messagesAfter({ receivedAt: 0, id: 0 }, 1, 1e6))]).toHaveLength(1);
    expect([...(await store.messagesAfter((await messages())[0]!, 10, 1e6))]).toHaveLength(1);
  });

  test('stores nothing of a group that fails, and goes on', async () => {
    const broken = { ...message('m', {}, T0), body: undefined as unknown as string };
    await expect((async () => store.append([entry(T0), broken]))()).rejects.toThrow();
    expect(await all()).toEqual([]);
    await store.append([entry(T0)]);
    expect(await all()).toHaveLength(1);
  });

  test('takes a group of thousands, and one of nothing', async () => {
    await store.append([]);
    await store.append(Array.from({ length: 6_000 }, (_, n) => entry(T0 + n)));
    expect(await all()).toEqual(Array.from({ length: 6_000 }, (_, n) => n + 1));
  });

  test('knows what came since a time, of too many the newest', async () => {
    await store.append([entry(T0 + 1), entry(T0 + 2), entry(T0 + 3)]);
    const newest = async (since: number, limit: number) => {
      const { reading } = await store.positionAt(since, limit);
      return (await store.readingsAfter(reading, 100)).map((row) => row.reading.sequence);
    };
    expect([await newest(T0, 10), await newest(T0 + 2, 10), await newest(T0, 2), await newest(T0 + 9, 9)]).toEqual([
      ...[[1, 2, 3], [2, 3], [2, 3], []],
    ]);
    await store.append([message('a', {}, T0), message('b', {}, T0 + 5)]);
    const { message: at } = await store.positionAt(T0 + 1, 10);
    expect([...(await store.messagesAfter(at, 10, 1e6))]).toHaveLength(1);
  });

  test('gives a checkpoint and what came after it, which make the same view', async () => {
    const fleet = new Fleet();
    const take = async (entries: StoreEntry[]) => {
      await store.append(entries);
      for (const { reading, receivedAt } of entries) fleet.record(reading!, undefined, receivedAt);
    };
    expect((await store.loadCheckpoint()).fleet).toEqual({ sensors: [], retired: {} });
    await take([1, 2, 4].map((n) => entry(T0 + n, { sequence: n })));
    await store.saveCheckpoint(fleet.dump());
    await take([3, 6, 7].map((n) => entry(T0 + 100 + n, { sequence: n })));
    await reopen();
    const { fleet: dump, after } = await store.loadCheckpoint();
    const again = new Fleet();
    again.load(dump);
    const rows: StoredReading[] = [];
    for await (const row of after) rows.push(row);
    for (const { reading, receivedAt } of rows) again.record(reading, undefined, receivedAt);
    expect(rows.map(({ reading }) => reading.sequence)).toEqual([3, 6, 7]);
    expect(again.view(T0 + 60_000)).toEqual(fleet.view(T0 + 60_000));
  });

  test.each([10_000, MINUTE_MS, HOUR_MS])(
    'answers history in steps of %i ms, before it is rolled up and after',
    async (step) => {
      const to = T0 + 2 * HOUR_MS;
      await store.append([
        ...[entry(T0 - 1, temperature(9)), entry(T0, temperature(4)), entry(T0 + step - 1, temperature(-2))],
        ...[entry(T0 + step, temperature(7)), entry(to - 1), entry(to, temperature(9))],
        ...[entry(T0, { ...temperature(5), hostname: 'edge-eu-2' }), entry(T0, { ...temperature(6), region: 'us' })],
      ]);
      const count = async (over: Partial<HistoryRange>) =>
        (await ask({ step, to, ...over })).flatMap(({ points }) => points).reduce((sum, point) => sum + point.count, 0);
      for (const round of ['in readings', 'in tables']) {
        if (round === 'in tables') await rollUp();
        expect(await ask({ step, to, host: 'edge-eu-1', region: 'eu' }), round).toEqual([
          {
            region: 'eu',
            host: 'edge-eu-1',
            points: [
              { t: T0, count: 2, min: -2, max: 4, mean: 1 },
              { t: T0 + step, count: 1, min: 7, max: 7, mean: 7 },
            ],
          },
        ]);
        expect([await count({}), await count({ region: 'eu' }), await count({ host: 'edge-eu-1' })], round).toEqual([
          5, 4, 4,
        ]);
        expect([
          await count({ metric: 'readings.lateness' }),
          await count({ region: 'us', host: 'edge-eu-2' }),
        ]).toEqual([6, 0]);
      }
    },
  );

  test('adds up exactly what came, whatever is rolled up, closed or stored twice in between', async () => {
    let state = 7;
    const random = (n: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const kept: StoreEntry[] = [];
    for (let round = 0; round < 12; round++) {
      const group = Array.from({ length: random(300) }, () => {
        const host = random(5);
        const at = T0 - (random(20) === 0 ? 3 * DAY : 0) + random(HOUR_MS);
        const taken = entry(at, { ...temperature(random(1000) / 8), hostname: `h${host}`, region: `r${host % 2}` });
        return { ...taken, receivedAt: T0 + HOUR_MS + round };
      });
      await store.append([...group, ...kept.slice(0, random(50))]);
      kept.push(...group);
      if (random(2) === 0) await rollUp();
      else await store.rollUp(T0 + round * MINUTE_MS);
      if (random(3) === 0) await reopen();
    }
    for (const host of [undefined, 'h1']) {
      for (const step of [10_000, MINUTE_MS, HOUR_MS]) {
        const inRange = kept.filter(
          ({ reading }) => Date.parse(reading!.timestamp) >= T0 && (host === undefined || reading!.hostname === host),
        );
        const found = (await ask({ step, host })).flatMap(({ points }) => points);
        const sum = found.reduce((total, { count, mean }) => total + count * mean, 0);
        expect(found.reduce((total, { count }) => total + count, 0)).toBe(inRange.length);
        expect(sum).toBeCloseTo(
          inRange.reduce((total, { reading }) => total + reading!.values!.temperature!, 0),
          3,
        );
      }
    }
    const old = (await ask({ from: T0 - 4 * DAY, to: T0 - 2 * DAY, step: HOUR_MS })).flatMap(({ points }) => points);
    const late = kept.filter(({ reading }) => Date.parse(reading!.timestamp) < T0 - DAY);
    expect(old.reduce((total, { count }) => total + count, 0)).toBe(late.length);
  });

  test('notes samples by minute and hour', async () => {
    const depth = (value: number) => [{ metric: 'queue.depth', region: '', value }];
    await store.addSamples(depth(4), T0 + 1);
    await store.addSamples(depth(8), T0 + 2);
    const point = { t: T0, count: 2, min: 4, max: 8, mean: 6 };
    expect(await ask({ metric: 'queue.depth' })).toEqual([{ points: [point] }]);
    expect(await ask({ metric: 'queue.depth', step: HOUR_MS })).toEqual([{ points: [point] }]);
  });

  test('goes on rolling up after numbers whose sum is none', async () => {
    await store.append([1e308, 1.7e308, -1.7e308].map((value) => entry(T0, temperature(value))));
    await rollUp();
    await store.append([entry(T0 + MINUTE_MS, temperature(1))]);
    await rollUp();
    const [series] = await ask();
    expect(series!.points[0]).toMatchObject({ count: 3, min: -1.7e308, max: 1.7e308 });
    expect(series!.points[1]).toMatchObject({ count: 1, mean: 1 });
  });

  test('forgets what arrived before its retention, but nothing that is not rolled up', async () => {
    const old = T0 - 5 * DAY;
    await store.append([entry(old), entry(old + 1), message('a', {}, old)]);
    const forget = () => store.forget({ readings: -1_000, minutes: DAY, hours: DAY });
    await forget();
    expect(await all()).toHaveLength(2);
    await rollUp();
    await store.append([entry(T0)]);
    await forget();
    expect((await all()).at(-1)).toBe(3);
    expect([await messages(), store.forgotten > 0]).toEqual([[], true]);
    expect((await ask({ metric: 'readings.lateness', from: old - DAY, to: old + DAY, step: HOUR_MS })).length).toBe(1);
  });

  test('shows nothing twice or never after it was closed and opened many times', async () => {
    for (let round = 0; round < 3; round++) {
      await store.append([entry(T0 + round)]);
      await reopen();
    }
    expect(await all()).toEqual([1, 2, 3]);
  });
});
