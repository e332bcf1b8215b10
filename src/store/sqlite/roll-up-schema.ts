/** The tables of the roll-ups, in the store of readings (docs/history.md describes them for those who query them). */
import { HOUR_MS, MINUTE_MS } from '../history.js';

/** The lengths of the steps, in milliseconds, and their tables. */
export const LEVELS = [
  { length: MINUTE_MS, start: 'minute', regions: 'region_minutes', sensors: 'sensor_minute_rows' },
  { length: HOUR_MS, start: 'hour', regions: 'region_hours', sensors: 'sensor_hour_rows' },
] as const;
export type Level = (typeof LEVELS)[number];

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
  position text,                        -- in the order of metric, region, host and minute up to here (JSON; null: none yet)
  rebuilt_to integer not null,          -- of readings up to this one only those count
  rebuilt_from integer not null         -- that were taken since then, Unix milliseconds
);
`;
