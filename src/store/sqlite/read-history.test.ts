/** Which readings belong to a range, at its edges, and how much is read at all. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Reading } from '../../protocol/message.js';
import { type HistoryRange, HOUR_MS, MINUTE_MS } from '../history.js';
import { SqliteStore } from './sqlite-store.js';

/** The begin of an hour. */
const T0 = 1_750_003_200_000;

let store: SqliteStore;
beforeEach(() => {
  store = new SqliteStore(':memory:');
});
afterEach(() => store.close());

let sequence = 0;
function accept(...all: { at: number; value?: number; late?: number; region?: string; hostname?: string }[]): void {
  store.append(
    all.map(({ at, value = 1, late = 0, region = 'eu', hostname = 'edge-eu-1' }) => {
      const reading: Reading = {
        ...{ job_id: 'j', execution_id: 'e', hostname, icon_name: '', color: '#ffffff', region, sequence: ++sequence },
        ...{ timestamp: new Date(at).toISOString(), job_submission_time: 1, values: { temperature: value } },
      };
      return { id: '', body: '', reading, config: undefined, receivedAt: at + late };
    }),
  );
}

const rangeOf = (over: Partial<HistoryRange>): HistoryRange => ({
  metric: 'temperature',
  region: undefined,
  host: undefined,
  from: T0,
  to: T0 + HOUR_MS,
  step: MINUTE_MS,
  ...over,
});

const ask = async (over: Partial<HistoryRange>, now = T0 + 90 * 24 * HOUR_MS) => {
  const series = await store.history(rangeOf(over), now);
  return series?.[0]?.points ?? [];
};
const counted = async (over: Partial<HistoryRange>) => (await ask(over)).reduce((sum, { count }) => sum + count, 0);
const rollUp = () => {
  for (let now = T0; store.rollUp(now) || store.notRolledUp > 0; now += MINUTE_MS);
};

describe.each([10_000, MINUTE_MS, HOUR_MS])('a range with a step of %i ms', (step) => {
  const to = T0 + 2 * HOUR_MS;

  test('has its first moment and not its last, before the readings are rolled up and after', async () => {
    accept({ at: T0 - 1 }, { at: T0 }, { at: to - 1 }, { at: to });
    for (const of of [{}, { region: 'eu' }, { host: 'edge-eu-1' }]) {
      expect(await counted({ step, to, ...of })).toBe(2);
    }
    rollUp();
    for (const of of [{}, { region: 'eu' }, { host: 'edge-eu-1' }, { region: 'eu', host: 'edge-eu-1' }]) {
      expect(await counted({ step, to, ...of })).toBe(2);
    }
  });

  test('has the readings of its region and host alone', async () => {
    accept({ at: T0 }, { at: T0, hostname: 'edge-eu-2' }, { at: T0, region: 'us' });
    for (const round of ['in memory', 'in tables']) {
      if (round === 'in tables') rollUp();
      expect(await counted({ step, region: 'eu' }), round).toBe(2);
      expect(await counted({ step, host: 'edge-eu-2' }), round).toBe(1);
      expect(await counted({ step, region: 'us', host: 'edge-eu-1' }), round).toBe(1);
      expect(await counted({ step, region: 'us', host: 'edge-eu-2' }), round).toBe(0);
    }
  });

  test('has a point for each step that has readings, with lowest, highest and mean', async () => {
    accept({ at: T0, value: 4 }, { at: T0 + step - 1, value: -2 }, { at: T0 + step, value: 7 });
    const points = [
      { t: T0, count: 2, min: -2, max: 4, mean: 1 },
      { t: T0 + step, count: 1, min: 7, max: 7, mean: 7 },
    ];
    expect(await ask({ step, to })).toEqual(points);
    rollUp();
    expect(await ask({ step, to })).toEqual(points);
  });
});

test('what is read in several turns comes in the order of regions and times', async () => {
  const second = (at: number, region: string) => ({ at: T0 + at * 1_000, region });
  accept(second(2, 'eu'), second(1, 'us'), ...Array.from({ length: 5_000 }, () => second(3, 'eu')));
  accept(second(0, 'us'), second(1, 'eu'), second(1, 'as'));
  const series = await store.history(rangeOf({ step: 1_000 }), T0 + HOUR_MS);
  expect(series?.map(({ region, points }) => [region, points.map(({ t }) => (t - T0) / 1_000)])).toEqual([
    ['as', [1]],
    ['eu', [1, 2, 3]],
    ['us', [0, 1]],
  ]);
});

test('a step whose readings are read in two turns is one point', async () => {
  accept({ at: T0, value: -9 }, ...Array.from({ length: 5_000 }, () => ({ at: T0 + 1, value: 1 })), {
    at: T0 + 2,
    value: 9,
  });
  expect(await ask({ step: 1_000 })).toEqual([{ t: T0, count: 5_002, min: -9, max: 9, mean: 5_000 / 5_002 }]);
});

test('a reading that came a minute before it was taken, by the clock of its node, is found in seconds, too', async () => {
  accept({ at: T0, late: -MINUTE_MS });
  expect(await counted({ step: 1_000 })).toBe(1);
});

test.each([
  ['has begun just now: over a second at least', 0.5, 1],
  ['has lasted half of its time', 30, 30],
  ['is all but over', 59.999, 59.999],
  ['is over', 60, 60],
  ['begins at this moment', 0, 60],
])('the rate of a step that %s', async (_, passed, seconds) => {
  accept({ at: T0 }, { at: T0 });
  const points = await ask({ metric: 'readings.rate' }, T0 + passed * 1_000);
  const rate = 2_000 / (1_000 * seconds);
  expect(points).toEqual([{ t: T0, count: 2, min: rate, max: rate, mean: rate }]);
});

test.each([
  [299_999, false],
  [300_000, true],
])('steps below a minute over readings that are %i apart: too many is %s', async (apart, refused) => {
  accept({ at: T0 }, { at: T0 + 1 });
  store.database.exec(`update readings set id = id + ${apart - 1} where id = 2`);
  const asked = counted({ step: 1_000 });
  if (refused)
    await expect(asked).rejects.toMatchObject({ code: 'BAD_QUERY', message: expect.stringContaining('300001') });
  else expect(await asked).toBe(2);
});

/** One reading in each of so many minutes, as the tables have it. */
function fillMinutes(count: number): void {
  store.database.exec(`
    create temp table n as with recursive n(i) as (select 0 union all select i + 1 from n where i < ${count - 1}) select i from n;
    insert or ignore into region_minutes select ${T0} + i * ${MINUTE_MS}, 'temperature', 'eu', 1, 1, 1, 1 from n;
    insert or ignore into roll_up_periods select ${MINUTE_MS}, ${T0} + i * ${MINUTE_MS}, 0 from n;
    drop table n`);
}

test.each([
  [50_000, false],
  [50_001, true],
])('%i points in an answer: too many is %s', async (count, refused) => {
  accept({ at: T0 - HOUR_MS });
  rollUp();
  fillMinutes(count);
  const asked = counted({ to: T0 + 100_000 * MINUTE_MS });
  if (refused)
    await expect(asked).rejects.toMatchObject({ code: 'BAD_QUERY', message: expect.stringContaining('50000') });
  else expect(await asked).toBe(count);
});

test('as many minutes are read for an answer, and not one more', async () => {
  const range = { step: 30 * MINUTE_MS, to: T0 + 300_000 * MINUTE_MS };
  fillMinutes(200_000);
  expect(await counted(range)).toBe(200_000);
  fillMinutes(200_001);
  await expect(counted(range)).rejects.toMatchObject({
    ...{ code: 'BAD_QUERY', message: expect.stringContaining('200000') },
  });
});

test('hours are answered when their minutes are forgotten', async () => {
  accept({ at: T0, value: 3 });
  rollUp();
  store.forget({ readings: HOUR_MS, minutes: -1, hours: HOUR_MS });
  expect(await ask({})).toEqual([]);
  expect(await ask({ step: HOUR_MS })).toEqual([{ t: T0, count: 1, min: 3, max: 3, mean: 3 }]);
});

test('while many readings are read others have their turn, and nobody reads for one who is gone', async () => {
  accept(...Array.from({ length: 5_001 }, () => ({ at: T0 })));
  rollUp();
  const order: string[] = [];
  setImmediate(() => order.push('another'));
  expect(await counted({ step: 1_000 })).toBe(5_001);
  order.push('answer');
  expect(order).toEqual(['another', 'answer']);
  expect(await store.history(rangeOf({ step: 1_000 }), T0, AbortSignal.abort())).toEqual([]);
});
