import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { answerError } from '../lib/errors/http-error.js';
import type { Reading } from '../protocol/message.js';
import { type HistoryQuery, type HistorySeries, historySchema } from '../store/history.js';
import { SqliteStore } from '../store/sqlite/sqlite-store.js';
import { historyRoutes } from './history-routes.js';

const T0 = 1_750_000_020_000;
let folder: string;
let store: SqliteStore;
let sequence = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'));
  store = new SqliteStore(join(folder, 'readings.db'));
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

/** Stores a reading taken so many milliseconds after T0, `late` milliseconds after that. */
function add(taken: number, over: Partial<Reading> = {}, late = 100): void {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: 'e', hostname: 'edge-eu-1', icon_name: '', color: '#ffffff', region: 'eu' },
    ...{ sequence: ++sequence, timestamp: new Date(T0 + taken).toISOString(), job_submission_time: 1, ...over },
  };
  const receivedAt = T0 + taken + late;
  store.append([{ id: `${sequence}`, body: '', reading, config: undefined, receivedAt }]);
}

function get(query: object, now = T0 + 3_600_000, kept: SqliteStore | undefined = store) {
  const routes = historyRoutes(kept, () => now);
  routes.onError((error, c) => answerError(error, c, () => {}));
  return routes.request(`/history?${new URLSearchParams(query as Record<string, string>)}`);
}

async function series(query: HistoryQuery, now?: number): Promise<HistorySeries[]> {
  const response = await get(query, now);
  return historySchema.parse(await response.json()).series;
}

test('a value: by region, in steps by when it was taken, without empty ones', async () => {
  add(0, { values: { temperature: 2 } });
  add(500, { values: { temperature: 5, humidity: 40 } });
  add(4_000, { values: { temperature: -1 } }, 3_000_000);
  add(1_000, {});
  add(700, { values: { temperature: 9 }, region: 'as', hostname: 'edge-as-1' });
  const query = { metric: 'temperature', from: T0, to: T0 + 10_000, step: 1_000 };
  expect(await series(query)).toEqual([
    { region: 'as', points: [{ t: T0, count: 1, min: 9, max: 9, mean: 9 }] },
    {
      region: 'eu',
      points: [
        { t: T0, count: 2, min: 2, max: 5, mean: 3.5 },
        { t: T0 + 4_000, count: 1, min: -1, max: -1, mean: -1 },
      ],
    },
  ]);
  expect((await series({ ...query, region: 'as' })).map(({ region }) => region)).toEqual(['as']);
  expect(await series({ ...query, region: 'nowhere' })).toEqual([]);
  expect(await series({ ...query, host: 'edge-as-1' })).toMatchObject([{ region: 'as', host: 'edge-as-1' }]);
  expect(await series({ ...query, host: 'edge-as-1', region: 'eu' })).toEqual([]);
});

test('lateness and rate; the rate of a step that is not over counts the time that has passed', async () => {
  for (let i = 0; i < 30; i++) add(i * 500, {}, i === 3 ? 20_000 : 100);
  const query = { from: T0, to: T0 + 20_000, step: 10_000 };
  const lateness = await series({ ...query, metric: 'readings.lateness' });
  expect(lateness[0]!.points[0]).toEqual({ t: T0, count: 20, min: 100, max: 20_000, mean: (19 * 100 + 20_000) / 20 });
  const rates = (now?: number) =>
    series({ ...query, metric: 'readings.rate' }, now).then(([eu]) => eu!.points.map(({ mean }) => mean));
  expect(await rates()).toEqual([2, 1]);
  expect(await rates(T0 + 15_000)).toEqual([2, 2]);
});

test('without times it is the last hour, by minute', async () => {
  const answer = historySchema.parse(await (await get({ metric: 'readings.rate' })).json());
  expect(answer).toMatchObject({ metric: 'readings.rate', step: 60_000, from: T0, to: T0 + 3_600_000 });
});

test.each<[Record<string, string>, string]>([
  [{}, 'metric: must be the name'],
  [{ metric: 'Temperature' }, 'metric: must be the name'],
  [{ metric: 'readings.count' }, 'metric: must be the name'],
  [{ metric: 'readings.rate', sensor: 'x' }, 'Unrecognized key: "sensor"'],
  [{ metric: 'readings.rate', from: '-1h' }, 'from: must be a time'],
  [{ metric: 'readings.rate', from: '5000', to: '5000' }, 'from must be before to'],
  [{ metric: 'readings.rate', step: '10' }, 'step: must be milliseconds from 1000 on'],
  [{ metric: 'readings.rate', from: '0' }, ''],
  [{ metric: 'readings.rate', from: '0', step: '60000' }, 'these are 29166727 points a series'],
  [{ metric: 'queue.depth', region: 'eu' }, 'queue.depth has no region'],
  [{ metric: 'queue.depth', step: '5000' }, 'queue.depth is kept by minute'],
  [{ metric: 'readings.unaccounted', host: 'edge-eu-1' }, 'readings.unaccounted is not kept of single hosts'],
])('%o is %j', async (query, message) => {
  const response = await get(query);
  const { error } = (await response.json()) as { error?: { code: string; message: string; hint: string } };
  expect([response.status, error?.message ?? '']).toEqual([message ? 400 : 200, expect.stringContaining(message)]);
  if (error) expect(error.code).toBe('BAD_QUERY');
});

test('a puller without a store', async () => {
  const routes = historyRoutes(undefined, () => T0).onError((error, c) => answerError(error, c, () => {}));
  const none = await routes.request('/history?metric=readings.rate');
  expect([none.status, await none.json()]).toMatchObject([404, { error: { code: 'NO_HISTORY' } }]);
});

test('while the readings of an earlier version are rolled up, questions wait, then are told to come again', async () => {
  add(0, { values: { temperature: 2 } });
  store.close();
  store = new SqliteStore(join(folder, 'readings.db'));
  const answer = (await (await get({ metric: 'temperature', from: `${T0}` })).json()) as { series: unknown[] };
  expect(answer.series).toHaveLength(1);
  store.close();
  store = new SqliteStore(join(folder, 'readings.db'));
  add(100);
  // The turn begins, and the time to wait; then that is over before anything is rolled up.
  const now = vi.spyOn(performance, 'now').mockReturnValue(10_000).mockReturnValueOnce(0).mockReturnValueOnce(0);
  const refused = await get({ metric: 'temperature' });
  now.mockRestore();
  expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
    503,
    '1',
    { error: { code: 'HISTORY_NOT_READY', hint: expect.any(String) } },
  ]);
});

test('answers with very many points are refused', async () => {
  store.database.exec(`
    with recursive n(i) as (select 0 union all select i + 1 from n where i < 59999)
    insert into region_minutes select ${T0} - i / 10 * 60000, 'readings.lateness', 'r' || (i % 10), 1, 5, 5, 5 from n;
    insert into roll_up_periods select distinct 60000, minute, 0 from region_minutes`);
  const query = { metric: 'readings.rate', from: `${T0 - 6_000 * 60_000}`, to: `${T0 + 60_000}`, step: '60000' };
  expect(await (await get(query)).json()).toMatchObject({
    error: { code: 'BAD_QUERY', message: 'these are more than 50000 points in 10 series' },
  });
  const one = (await (await get({ ...query, region: 'r3' })).json()) as { series: HistorySeries[] };
  expect(one.series.map(({ points }) => points.length)).toEqual([6_000]);
});

test('one history is read at a time, few wait, and those of clients that have left are not read', async () => {
  let [now, most, read] = [0, 0, 0];
  let finish = () => {};
  const end = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const slow = {
    async history() {
      read++;
      most = Math.max(most, ++now);
      await end;
      now--;
      return [];
    },
  };
  const routes = historyRoutes(slow, () => T0 + 1_000);
  routes.onError((error, c) => answerError(error, c, () => {}));
  const left = new AbortController();
  const ask = (signal?: AbortSignal) =>
    routes.request(new Request('http://p/history?metric=temperature', signal ? { signal } : {}));
  const answers = Array.from({ length: 50 }, (_, i) => ask(i >= 10 ? left.signal : undefined));
  await vi.waitFor(() => expect(read).toBe(1));
  expect((await ask()).status).toBe(429);
  left.abort();
  finish();
  await Promise.all(answers);
  expect([most, read]).toEqual([1, 10]);
  expect((await ask()).status).toBe(200);
});
