/** What several readers of the table of readings ask in SQL: where a time begins, and the numbers of readings. */
import { type Database, rowOf } from '../../lib/sqlite/driver.js';

/** When a row arrived, by the clock that only passing time moves. Rows of older versions have only the wall clock. */
export const ARRIVED = 'coalesce(elapsed_at, received_at)';

/**
 * The first id of readings that arrived at or after `time` (milliseconds): ids follow the order of arrival, so no index of
 * times is needed. Approximate where `arrived`, an SQL expression, is the wall clock and that was set back.
 */
export function firstSince(database: Database, arrived: string, time: number): number {
  const next = database.prepare(`select id, ${arrived} as at from readings where id >= ? order by id limit 1`);
  let from = rowOf<{ id: number | null }>(database, 'select min(id) as id from readings')?.id ?? 1;
  let to = lastReading(database) + 1;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const row = next.get(middle) as { id: number; at: number };
    if (row.at < time) from = row.id + 1;
    else to = middle;
  }
  return from;
}

/** The newest reading's id; 0: there is none. */
export const lastReading = (database: Database): number =>
  rowOf<{ id: number | null }>(database, 'select max(id) as id from readings')?.id ?? 0;

/** When a reading was taken, Unix milliseconds. Rows of earlier versions have only the text. */
const TAKEN = 'coalesce(taken_at, cast(round((julianday(timestamp) - 2440587.5) * 86400000) as integer), received_at)';

/**
 * The numbers of readings, each measured value and how late the reading came: a query with `taken` (Unix milliseconds), `metric`, `region`, `hostname` and `value`. `rows` is a condition on the table,
 * `numbers` one on `taken` and the columns of the reading. Values that damage has left without JSON are no values.
 */
export const numbersOf = (rows: string, numbers: string): string => `
  with one as (
    select * from (
      select id, ${TAKEN} as taken, region, hostname, received_at,
        case when json_valid(measured_values) then measured_values end as measured
      from readings where ${rows}
    ) where ${numbers}
  )
  select taken, 'readings.lateness' as metric, region, hostname, received_at - taken as value from one
  union all
  select taken, key, region, hostname, value from one, json_each(one.measured) where type in ('integer', 'real')`;
