/**
 * The tables of the roll-ups, in the store of readings (docs/history.md describes them for those who query them), and the SQL
 * that adds to them and deletes from them, all of it in transactions of the caller.
 */
import { type Database, rowOf } from '../../lib/sqlite/driver.js';
import { HOUR_MS, MINUTE_MS, SAMPLED_METRICS, type Sample } from '../history.js';
import { addTo } from '../history-series.js';
import type { Series, Sum } from './pending.js';

/** The lengths of the steps, in milliseconds, and their tables. */
export const LEVELS = [
  { length: MINUTE_MS, start: 'minute', regions: 'region_minutes', sensors: 'sensor_minute_rows' },
  { length: HOUR_MS, start: 'hour', regions: 'region_hours', sensors: 'sensor_hour_rows' },
] as const;
type Level = (typeof LEVELS)[number];

const STATISTICS = `
  count integer not null,
  min real not null,
  max real not null,
  sum real not null,
`;

/** By the length of their step: `minutes` and `hours`. */
const tables = (steps: string, start: string) => `
create table if not exists region_${steps} (
  ${start} integer not null,            -- when it begins, Unix milliseconds
  metric text not null,
  region text not null,                 -- '' for queue.depth
  ${STATISTICS.trim()}
  primary key (${start}, metric, region)
);
create table if not exists sensor_${start}_rows (
  ${start} integer not null,
  series integer not null,              -- of sensor_series
  ${STATISTICS.trim()}
  primary key (${start}, series)
) without rowid;
create view if not exists sensor_${steps} as
  select ${start}, metric, region, hostname, count, min, max, sum
  from sensor_${start}_rows join sensor_series on id = series;
`;

export const ROLL_UP_TABLES = `
create table if not exists sensor_series (
  id integer primary key,
  hostname text not null,
  metric text not null,
  region text not null,
  unique (hostname, metric, region)
);
${tables('minutes', 'minute')}
${tables('hours', 'hour')}
create table if not exists roll_up_periods ( -- the minutes and hours that have rows
  length integer not null,              -- milliseconds
  start integer not null,               -- Unix milliseconds
  elapsed_at integer not null,          -- when a reading was added last, as readings.elapsed_at
  primary key (length, start)
);
create table if not exists roll_up_progress ( -- which readings the roll-ups have, by their id
  id integer primary key check (id = 1),
  done integer not null,                -- all up to this one
  target integer not null,              -- those up to this one are being added,
  position text,                        -- of sensor_series: up to this one they are added (null: none yet)
  rebuilt_to integer not null,          -- of readings up to this one only those count
  rebuilt_from integer not null         -- that were taken since then, Unix milliseconds
);
`;

/** Rows deleted at a time: this takes some tens of milliseconds. */
const DELETED_AT_ONCE = 5_000;
/** Samples can not be made anew. */
const OF_READINGS = `metric not in (${SAMPLED_METRICS.map((metric) => `'${metric}'`).join(', ')})`;

const MERGE = `on conflict do update set count = count + excluded.count, min = min(min, excluded.min),
  max = max(max, excluded.max), sum = sum + excluded.sum`;
const MERGE_PERIOD = 'on conflict do update set elapsed_at = excluded.elapsed_at';

/** `elapsed`: now, by the clock of the retention. */
export function addSamples(db: Database, samples: Sample[], now: number, elapsed: number): void {
  for (const { length, regions } of LEVELS) {
    const start = Math.floor(now / length) * length;
    const add = db.prepare(`insert into ${regions} values (?, ?, ?, 1, ?4, ?4, ?4) ${MERGE}`);
    for (const { metric, region, value } of samples) add.run(start, metric, region, value);
    db.prepare(`insert into roll_up_periods values (?, ?, ?) ${MERGE_PERIOD}`).run(length, start, elapsed);
  }
}

/** Adds what moves of some series to the tables; looks up the number of a series, or gives it one. */
export function prepareMove(db: Database) {
  const find = db.prepare('select id from sensor_series where hostname = ? and metric = ? and region = ?');
  const name = db.prepare('insert into sensor_series (hostname, metric, region) values (?, ?, ?)');
  const levels = LEVELS.map(({ length, regions, sensors }) => ({
    length,
    addRegion: db.prepare(`insert into ${regions} values (?, ?, ?, ?, ?, ?, ?) ${MERGE}`),
    addSensor: db.prepare(`insert into ${sensors} values (?, ?, ?, ?, ?, ?) ${MERGE}`),
    addPeriod: db.prepare(`insert into roll_up_periods values (${length}, ?, ?) ${MERGE_PERIOD}`),
  }));

  return {
    idOf({ hostname, metric, region }: Series): number {
      const found = find.get(hostname, metric, region) as { id: number } | undefined;
      return found?.id ?? Number(name.run(hostname, metric, region).lastInsertRowid);
    },

    move(all: Series[], elapsed: number): void {
      for (const { length, addRegion, addSensor, addPeriod } of levels) {
        const regions = new Map<string, Sum & Pick<Series, 'metric' | 'region'>>();
        for (const { id, metric, region, moving } of all) {
          for (const sums of moving) {
            const { count, min, max, sum } = sums;
            const start = sums.minute - (sums.minute % length);
            addSensor.run(start, id, count, min, max, sum);
            const key = `${start} ${metric} ${region}`;
            const of = regions.get(key);
            if (of) addTo(of, sums);
            else regions.set(key, { minute: start, metric, region, count, min, max, sum });
          }
        }
        for (const { minute, metric, region, count, min, max, sum } of regions.values()) {
          addRegion.run(minute, metric, region, count, min, max, sum);
          addPeriod.run(minute, elapsed);
        }
      }
    },
  };
}

/** Deletes some rows of a period to which nothing was added since `before`. */
export function forgetSome(db: Database, { length, start, regions, sensors }: Level, before: number): void {
  const oldest = 'select start from roll_up_periods where length = ? and elapsed_at < ? order by start limit 1';
  const expired = rowOf<{ start: number }>(db, oldest, length, before);
  if (!expired) return;
  const some = `select series from ${sensors} where ${start} = ?1 limit ${DELETED_AT_ONCE}`;
  const { changes } = db
    .prepare(`delete from ${sensors} where ${start} = ?1 and series in (${some})`)
    .run(expired.start);
  if (Number(changes) === DELETED_AT_ONCE) return;
  db.prepare(`delete from ${regions} where ${start} = ?`).run(expired.start);
  db.prepare('delete from roll_up_periods where length = ? and start = ?').run(length, expired.start);
}

/**
 * Where damage has taken an unknown part of the tables: deletes what the readings that are kept can make again. `last`: the
 * newest of them.
 */
export function clearUnknown(db: Database, last: number, elapsed: number): void {
  const isKnown = rowOf(db, 'select 1 from roll_up_progress where target > 0 or rebuilt_to > 0');
  if (isKnown || !LEVELS.some((level) => haveReadings(db, level))) return;
  const from = completeSince(db);
  if (from === undefined) return;
  for (const { length, start, regions, sensors } of LEVELS) {
    db.prepare(`delete from ${regions} where ${start} >= ? and ${OF_READINGS}`).run(from);
    db.prepare(`delete from ${sensors} where ${start} >= ?`).run(from);
    const periods = `insert or ignore into roll_up_periods select distinct ?, ${start}, ? from ${regions}`;
    db.prepare(periods).run(length, elapsed);
  }
  db.prepare('update roll_up_progress set rebuilt_to = ?, rebuilt_from = ?').run(last, from);
}

const haveReadings = (db: Database, { regions, sensors }: Level): boolean =>
  rowOf(db, `select 1 from ${sensors} union all select 1 from ${regions} where ${OF_READINGS} limit 1`) !== undefined;

/** From when on a store has all readings that were taken, Unix milliseconds; undefined: it has none. */
function completeSince(db: Database): number | undefined {
  const sql = 'select id, received_at as at from readings order by id limit 1';
  const first = rowOf<{ id: number; at: number }>(db, sql);
  if (first === undefined) return undefined;
  return first.id === 1 ? Number.MIN_SAFE_INTEGER : Math.ceil(first.at / HOUR_MS) * HOUR_MS;
}
