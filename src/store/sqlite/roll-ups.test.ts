import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Reading } from '../../protocol/message.js';
import { type History, type HistoryRange, HOUR_MS, MINUTE_MS, samplesOf } from '../history.js';
import { SqliteStore } from './sqlite-store.js';
import type { StoreFileEvent } from './store-file.js';

/** The begin of an hour. */
const T0 = 1_750_003_200_000;
const DAY = 24 * HOUR_MS;

let folder: string;
let store: SqliteStore;
let events: StoreFileEvent[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roll-ups-'));
  events = [];
  vi.useFakeTimers({ now: T0, toFake: ['Date'] });
  open();
});

afterEach(() => {
  store.close();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const path = () => join(folder, 'readings.db');

function open(): void {
  store = new SqliteStore(path(), (event) => events.push(event));
}

/** As a killed process leaves it: what is in memory is gone. */
function restart(): void {
  store.close();
  open();
}

/** Everything that waits, and what was collected since the last minute. */
function rollUp(): void {
  for (let now = T0 + 90 * DAY; store.rollUp(now) || store.notRolledUp > 0; now += MINUTE_MS);
  expect(store.notRolledUp).toBe(0);
}

/** A small generator of numbers below `n`, the same for a seed. */
function random(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const depthOf = (value: number) => ({ metric: 'queue.depth', region: '', value });

interface Taken {
  reading: Reading;
  receivedAt: number;
}

let sequence = 0;

function take(at: number, late: number, over: Partial<Reading> = {}): Taken {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: 'e', hostname: 'edge-eu-1', icon_name: '', color: '#ffffff', region: 'eu' },
    ...{ sequence: ++sequence, timestamp: new Date(at).toISOString(), job_submission_time: 1, ...over },
  };
  return { reading, receivedAt: at + late };
}

function accept(all: Taken[]): void {
  store.append(all.map(({ reading, receivedAt }) => ({ id: '', body: '', reading, config: undefined, receivedAt })));
}

type Rows = Record<string, unknown>[];
const query = (sql: string): Rows => store.database.prepare(sql).all() as Rows;

const RAW = `
  with raw as (
    select region, hostname, unixepoch(timestamp) as taken, received_at, measured_values,
      cast(round((julianday(timestamp) - 2440587.5) * 86400000) as integer) as taken_ms
    from readings
  ), numbers as (
    select region, hostname, taken, 'readings.lateness' as metric, received_at - taken_ms as value from raw
    union all
    select region, hostname, taken, key, value from raw, json_each(measured_values)
  )`;

/** What the tables must have, by SQL over the readings. */
function expectExact(): void {
  for (const [unit, seconds] of [
    ['minute', 60],
    ['hour', 3600],
  ] as const) {
    const columns = `taken / ${seconds} * ${seconds * 1000} as ${unit}, metric, region`;
    const numbers = 'count(*) as count, min(value) as min, max(value) as max, sum(value) as sum from numbers';
    expect(query(`select * from sensor_${unit}s order by 1, 2, 3, 4`)).toEqual(
      query(`${RAW} select ${columns}, hostname, ${numbers} group by 1, 2, 3, 4 order by 1, 2, 3, 4`),
    );
    expect(query(`select * from region_${unit}s where metric <> 'queue.depth' order by 1, 2, 3`)).toEqual(
      query(`${RAW} select ${columns}, ${numbers} group by 1, 2, 3 order by 1, 2, 3`),
    );
  }
}

const rangeOf = (over: Partial<HistoryRange>): HistoryRange => ({
  ...{
    metric: 'temperature',
    region: undefined,
    host: undefined,
    from: T0 - 2 * DAY,
    to: T0 + 2 * DAY,
    step: MINUTE_MS,
  },
  ...over,
});

/** When every step is over. */
const ask = (over: Partial<HistoryRange>) => store.history(rangeOf(over), T0 + 90 * DAY);

/** What must be answered, by SQL over the readings. */
function askRaw(over: Partial<HistoryRange>): History['series'] {
  const { metric, region, host, from, to, step } = rangeOf(over);
  const rate = metric === 'readings.rate';
  const rows = store.database
    .prepare(
      `${RAW} select region, taken * 1000 / :step * :step as t, count(*) as count, min(value) as min, max(value) as max, sum(value) as sum
       from numbers where metric = :metric and region = coalesce(:region, region) and hostname = coalesce(:host, hostname)
         and taken * 1000 >= :from and taken * 1000 < :to group by 1, 2 order by 1, 2`,
    )
    .all({ step, metric: rate ? 'readings.lateness' : metric, region: region ?? null, host: host ?? null, from, to });
  const series = new Map<string, History['series'][number]>();
  for (const row of rows as unknown as {
    region: string;
    t: number;
    count: number;
    min: number;
    max: number;
    sum: number;
  }[]) {
    const { t, count, min, max, sum } = row;
    const mean = rate ? (count * 1000) / step : sum / count;
    const point = rate ? { t, count, min: mean, max: mean, mean } : { t, count, min, max, mean };
    const known = series.get(row.region);
    if (known) known.points.push(point);
    else series.set(row.region, { region: row.region, ...(host === undefined ? {} : { host }), points: [point] });
  }
  return [...series.values()];
}

/** Readings with late ones, in order of arrival, and some that come twice. */
function someReadings(draw: (n: number) => number, count: number, everyMs = 500): Taken[] {
  const all: Taken[] = [];
  for (let i = 0; i < count; i++) {
    const region = ['eu', 'us', 'as'][draw(3)]!;
    const late = draw(10) === 0 ? draw(5 * HOUR_MS) : draw(3_000) - 50;
    const values = {
      ...(draw(4) > 0 ? { temperature: draw(400) / 4 - 20 } : {}),
      ...(draw(9) === 0 ? { door_open: draw(2) } : {}),
    };
    all.push(
      take(T0 + i * everyMs + draw(everyMs), late, {
        ...{ region, hostname: `edge-${draw(5)}` },
        ...(Object.keys(values).length === 0 ? {} : { values }),
      }),
    );
  }
  for (let i = 0; i < count / 10; i++) {
    const again = all[draw(count)]!;
    all.push({ ...again, receivedAt: again.receivedAt + draw(HOUR_MS) });
  }
  return all.sort((a, b) => a.receivedAt - b.receivedAt);
}

test.each([1, 2, 3, 4])(
  'whatever comes late, twice or after a crash: tables and answers equal those over all readings (seed %i)',
  async (seed) => {
    const draw = random(seed);
    const waiting = someReadings(draw, 800);
    let now = T0;
    while (waiting.length > 0) {
      accept(waiting.splice(0, 1 + draw(60)));
      store.addSamples([depthOf(draw(100))], now);
      now += draw(40_000);
      for (let times = draw(4); times > 0; times--) store.rollUp(now);
      if (draw(20) === 0) restart();
      if (draw(20) === 0) {
        const step = [MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS][draw(4)]!;
        const metric = ['temperature', 'readings.lateness', 'readings.rate', 'door_open'][draw(4)]!;
        const whose = [{}, { region: 'eu' }, { host: 'edge-1' }, { host: 'edge-2', region: 'us' }][draw(4)]!;
        expect(await ask({ step, metric, ...whose })).toEqual(askRaw({ step, metric, ...whose }));
      }
    }
    rollUp();
    expectExact();
  },
);

test('a move that is interrupted is continued after a crash, with nothing twice', () => {
  for (let minute = 0; minute < 3; minute++) {
    accept(
      Array.from({ length: 800 }, (_, i) =>
        take(T0 + minute * MINUTE_MS + i, 10, { hostname: `edge-${i}`, values: { temperature: i } }),
      ),
    );
  }
  const inTables = () => Number(query('select count(*) as n from sensor_minutes')[0]!.n);
  while (inTables() === 0) store.rollUp(T0);
  // Some hosts of many.
  expect([store.notRolledUp > 0, inTables() < 4_000]).toEqual([true, true]);
  accept([take(T0 + MINUTE_MS, 3_000, { hostname: 'edge-1', values: { temperature: -3 } })]);
  restart();
  accept([take(T0 + MINUTE_MS, 3_000, { hostname: 'edge-799', values: { temperature: -4 } })]);
  rollUp();
  expectExact();
});

test('a move that an earlier version began, in the order of names, is continued after an upgrade', () => {
  const of = (hostname: string, region: string) => take(T0, 10, { hostname, region, values: { temperature: 1 } });
  accept([of('edge-1', 'as'), of('edge-2', 'us')]);
  rollUp();
  // One of four rows had not moved.
  const rest = "metric = 'temperature' and region = 'us'";
  for (const step of ['minute', 'hour']) {
    store.database.exec(`delete from region_${step}s where ${rest};
      delete from sensor_${step}_rows where series in (select id from sensor_series where ${rest})`);
  }
  const position = JSON.stringify(['temperature', 'as', 'edge-1', T0]);
  store.database.prepare('update roll_up_progress set done = 0, target = 2, position = ?').run(position);
  restart();
  rollUp();
  expectExact();
});

test('readings are moved to the tables once a minute, not with each that comes', () => {
  accept([take(T0, 1)]);
  while (store.rollUp(T0));
  accept([take(T0 + 1, 1)]);
  for (let i = 0; i < 3; i++) store.rollUp(T0 + MINUTE_MS - 1);
  expect(store.notRolledUp).toBe(1);
  while (store.rollUp(T0 + MINUTE_MS));
  expect(store.notRolledUp).toBe(0);
});

test('when very much waits it is moved before the minute is over', () => {
  accept([take(T0, 1)]);
  while (store.rollUp(T0));
  accept([take(T0 + 1, 1)]);
  expect(store.rollUp(T0 + 1)).toBe(false);
  const values = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`v${i}`, i]));
  for (let host = 0; host < 12_000; host += 500) {
    accept(Array.from({ length: 500 }, (_, i) => take(T0 + 1, 1, { hostname: `h${host + i}`, values })));
  }
  expect(store.rollUp(T0 + 1)).toBe(true);
});

test('what waits when the store is closed is rolled up, where there is time for it', () => {
  accept([take(T0, 1)]);
  while (store.rollUp(T0));
  accept([take(T0 + 1, 1)]);
  store.rollUp(T0);
  store.close(5_000);
  open();
  expect(store.notRolledUp).toBe(0);
});

test('while a move fails nothing is lost, and answers stay the same', async () => {
  accept([take(T0, 5, { values: { temperature: 4 } }), take(T0 + 1, 5, { values: { temperature: 6 } })]);
  store.rollUp(T0);
  store.database.exec("create trigger broken before insert on roll_up_periods begin select raise(abort, 'full'); end");
  expect(() => store.rollUp(T0)).toThrow(/full/);
  const point = { t: T0, count: 2, min: 4, max: 6, mean: 5 };
  expect(await ask({})).toEqual([{ region: 'eu', points: [point] }]);
  store.database.exec('drop trigger broken');
  rollUp();
  expect(await ask({ host: 'edge-eu-1' })).toEqual([{ region: 'eu', host: 'edge-eu-1', points: [point] }]);
  expectExact();
});

test('numbers of series that were not kept are given anew', () => {
  accept([1, 2].map((i) => take(T0, 5, { hostname: `edge-${i}` })));
  store.database.exec(
    "create trigger broken before insert on sensor_series when new.hostname = 'edge-2' begin select raise(abort, 'full'); end",
  );
  expect(() => store.rollUp(T0)).toThrow(/full/);
  store.database.exec(
    "drop trigger broken; insert into sensor_series (hostname, metric, region) values ('other', 'a', 'eu')",
  );
  rollUp();
  expectExact();
});

test('the depth of the queue: by minute and hour, without a region', async () => {
  for (const [i, depth] of [7, 0, 4, 9].entries()) store.addSamples([depthOf(depth)], T0 + i * 25_000);
  const first = { t: T0, count: 3, min: 0, max: 7, mean: 11 / 3 };
  const second = { t: T0 + MINUTE_MS, count: 1, min: 9, max: 9, mean: 9 };
  expect(await ask({ metric: 'queue.depth' })).toEqual([{ points: [first, second] }]);
  expect(query('select distinct region from region_minutes')).toEqual([{ region: '' }]);
  rollUp();
  restart();
  store.addSamples([depthOf(1)], T0 + 30_000);
  expect(await ask({ metric: 'queue.depth', step: HOUR_MS })).toEqual([
    { points: [{ t: T0, count: 5, min: 0, max: 9, mean: 21 / 5 }] },
  ]);
});

test('what the fleet view counts: by minute and hour of each region, and kept where roll-ups are made anew', async () => {
  const view = (region: string, waiting: number, unaccounted: number) => ({
    region,
    waiting,
    unaccounted,
    gaps: 0,
    dropped: 3,
  });
  store.addSamples(samplesOf([view('eu', 25, 0), view('us', 0, 0)]), T0);
  store.addSamples(samplesOf([view('eu', 0, 25), view('us', 0, 0)]), T0 + 5_000);
  accept([take(T0, 1)]);
  rollUp();
  store.database.exec('delete from roll_up_progress');
  restart();
  const of = (counts: object) => [{ t: T0, count: 2, ...counts }];
  expect(await ask({ metric: 'readings.unaccounted' })).toEqual([
    { region: 'eu', points: of({ min: 0, max: 25, mean: 12.5 }) },
    { region: 'us', points: of({ min: 0, max: 0, mean: 0 }) },
  ]);
  expect(await ask({ metric: 'readings.dropped', region: 'eu', step: HOUR_MS })).toEqual([
    { region: 'eu', points: of({ min: 3, max: 3, mean: 3 }) },
  ]);
});

test('a store of an earlier version: what it has is rolled up, some at a time', () => {
  const draw = random(9);
  accept(someReadings(draw, 2_000));
  const { database } = store;
  for (const { type, name } of query(
    "select type, name from sqlite_master where sql like '%create%' order by 1 desc",
  )) {
    if (/^(region|sensor|roll)_/.test(String(name))) database.exec(`drop ${type} ${name}`);
  }
  database.exec('pragma user_version = 1');
  restart();
  expect(query('select count(*) as n from region_hours')).toEqual([{ n: 0 }]);
  store.rollUp(T0);
  // What comes meanwhile is neither forgotten nor counted twice.
  accept([take(T0, 1, { hostname: 'new', values: { temperature: 1 } })]);
  rollUp();
  expectExact();
});

const forgetReadings = () => {
  const before = store.forgotten;
  store.forget({ readings: -1_000, minutes: DAY, hours: DAY });
  return store.forgotten - before;
};

test('readings are deleted only when they are rolled up', () => {
  accept([take(T0, 1), take(T0, 2), take(T0, 3)]);
  expect(forgetReadings()).toBe(0);
  rollUp();
  expect(forgetReadings()).toBe(2);
  expect(query('select count from region_minutes')).toEqual([{ count: 3 }]);
});

test('minutes and hours are deleted by the time since something was added, not by the wall clock', () => {
  const age = (ms: number) => {
    const at = store.clock.now();
    vi.spyOn(store.clock, 'now').mockReturnValue(at + ms);
  };
  // A sensor whose clock is wrong, and one of which we have heard a month ago.
  accept([take(Date.parse('1999-01-01T00:00:30Z'), 0, { hostname: 'wrong' }), take(T0, 1, { hostname: 'old' })]);
  rollUp();
  const forget = () => {
    for (let i = 0; i < 10; i++) store.forget({ readings: 1000 * DAY, minutes: 7 * DAY, hours: 400 * DAY });
  };
  const kept = () => query('select hostname from sensor_minutes order by 1').map(({ hostname }) => hostname);
  forget();
  expect(kept()).toEqual(['old', 'wrong']);
  age(8 * DAY);
  accept([take(T0 + 5_000, 8 * DAY, { hostname: 'late' })]);
  rollUp();
  forget();
  expect([kept(), query('select count from region_minutes')]).toEqual([['late', 'old'], [{ count: 2 }]]);
  expect(query('select length from roll_up_periods order by 1').map(({ length }) => length)).toEqual([
    MINUTE_MS,
    ...[HOUR_MS, HOUR_MS],
  ]);
  age(500 * DAY);
  forget();
  expect(query('select * from roll_up_periods')).toEqual([]);
  expect(query('select (select count(*) from sensor_hour_rows) + (select count(*) from region_hours) as n')).toEqual([
    { n: 0 },
  ]);
  vi.restoreAllMocks();
});

test('a minute is kept for as long as it says, to the millisecond', () => {
  const now = vi.spyOn(store.clock, 'now').mockReturnValue(T0);
  accept([take(T0, 1)]);
  rollUp();
  const keptAfter = (ms: number) => {
    now.mockReturnValue(T0 + ms);
    store.forget({ readings: DAY, minutes: HOUR_MS, hours: 2 * HOUR_MS });
    return query('select length from roll_up_periods order by 1').map(({ length }) => length);
  };
  expect([HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS, 2 * HOUR_MS + 1].map(keptAfter)).toEqual([
    ...[[MINUTE_MS, HOUR_MS], [HOUR_MS], [HOUR_MS], []],
  ]);
  now.mockRestore();
});

test('very many rows of a minute are deleted some at a time', () => {
  accept(Array.from({ length: 3_000 }, (_, i) => take(T0, 1, { hostname: `h${i}`, values: { a: 1, b: 2, c: 3 } })));
  rollUp();
  const left = () => Number(query('select count(*) as n from sensor_minutes')[0]!.n);
  const counts: number[] = [];
  do {
    store.forget({ readings: DAY, minutes: -1_000, hours: DAY });
    counts.push(left());
  } while (counts.at(-1)! > 0);
  expect(counts).toEqual([7_000, 2_000, 0]);
});

test('a deleted file is written back with its roll-ups, and what is in memory follows', () => {
  accept([take(T0, 1, { values: { temperature: 1 } })]);
  rollUp();
  accept([take(T0, 1, { values: { temperature: 2 } })]);
  rmSync(path());
  accept([take(T0, 1, { values: { temperature: 3 } })]);
  expect(events).toMatchObject([{ type: 'database-rewritten', salvaged: undefined }]);
  rollUp();
  expectExact();
  restart();
  rollUp();
  expectExact();
});

/** Overwrites the pages that begin these tables. */
function damage(...tables: string[]): void {
  const names = tables.map((table) => `'${table}'`).join();
  const pages = query(`select rootpage from sqlite_master where name in (${names})`);
  store.database.exec('pragma wal_checkpoint(truncate)');
  store.close();
  const file = openSync(path(), 'r+');
  for (const { rootpage } of pages) writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, (Number(rootpage) - 1) * 4096);
  closeSync(file);
}

const ROLL_UP_TABLES = ['region_minutes', 'sensor_minute_rows', 'region_hours', 'sensor_hour_rows', 'sensor_series'];

test.each(
  [
    ...[...ROLL_UP_TABLES, 'roll_up_progress', 'roll_up_periods'].map((table) => [table]),
    ...[ROLL_UP_TABLES.slice(0, 2), ROLL_UP_TABLES.slice(2, 4)],
  ].map((tables) => [tables.join(' and '), tables] as const),
)('after damage to %s the roll-ups are made anew of the readings that are kept', async (_, tables) => {
  const draw = random(5);
  // More than two hours of them.
  const all = someReadings(draw, 300, 30_000);
  // Older than the readings that are kept: only the roll-ups know of it.
  accept([take(T0 - 5 * HOUR_MS, 0, { hostname: 'before', values: { temperature: 9 } })]);
  rollUp();
  accept(all);
  store.database.exec('delete from readings where id = 1');
  rollUp();
  damage(...tables);
  open();
  expect(events).toMatchObject([{ type: 'database-quarantined' }]);
  rollUp();
  const older = () => ask({ from: T0 - 6 * HOUR_MS, to: T0 - 4 * HOUR_MS, step: HOUR_MS });
  const isOldKept = !tables.includes('region_hours');
  if (isOldKept) expect(await older()).toMatchObject([{ points: [{ count: 1, mean: 9 }] }]);
  // What comes later counts, however late it is.
  accept([take(T0 + HOUR_MS, 1), take(T0 - 5 * HOUR_MS, 8 * HOUR_MS, { values: { temperature: 9 } })]);
  rollUp();
  const first = Math.ceil(Number(all[0]!.receivedAt) / HOUR_MS) * HOUR_MS;
  for (const metric of ['temperature', 'readings.rate']) {
    for (const step of [MINUTE_MS, HOUR_MS]) {
      for (const host of [undefined, 'edge-1']) {
        const range = { metric, from: first, step, host };
        expect(await ask(range)).toEqual(askRaw(range));
      }
    }
  }
  if (isOldKept) expect(await older()).toMatchObject([{ points: [{ count: 2, mean: 9 }] }]);
});

test('where damage has left no reading the roll-ups stay as they are', async () => {
  accept([take(T0, 1, { values: { temperature: 1 } })]);
  rollUp();
  store.database.exec('delete from readings');
  damage('roll_up_progress');
  open();
  expect(store.rollUp(T0)).toBe(false);
  const point = { t: T0, count: 1, min: 1, max: 1, mean: 1 };
  expect(await ask({})).toEqual([{ region: 'eu', points: [point] }]);
});

test('what is made anew begins with the first whole hour of the readings that are kept; what is before it stays', async () => {
  const half = T0 + HOUR_MS / 2;
  accept([take(T0, 0, { values: { temperature: 1 } }), take(half, 0, { values: { temperature: 2 } })]);
  const next = T0 + HOUR_MS;
  accept([take(next, 0, { values: { temperature: 3 } }), take(next + 1, 0, { values: { temperature: 4 } })]);
  // It came after those of the next hour.
  accept([take(next - 1, 5_000, { values: { temperature: 5 } })]);
  rollUp();
  store.database.exec('delete from readings where id = 1');
  damage('roll_up_progress');
  open();
  rollUp();
  expect(await ask({ step: HOUR_MS })).toMatchObject([
    {
      points: [
        { t: T0, count: 3, min: 1, max: 5 },
        { t: next, count: 2, min: 3, max: 4 },
      ],
    },
  ]);
});

test('a store that is damaged while it is in use: what was in memory only is read again', () => {
  const all = someReadings(random(6), 400);
  accept(all.slice(0, 200));
  rollUp();
  accept(all.slice(200, 300));
  store.rollUp(T0);
  store.database.exec('delete from sensor_minute_rows where series % 2 = 0; delete from region_hours');
  store.repair('a test');
  accept(all.slice(300));
  expect(events[0]!.type).toBe('database-quarantined');
  rollUp();
  expectExact();
});
