/** Where the readings of a time begin in the store. */
import type { Database } from '../../lib/sqlite/driver.js';

/** When a row arrived, by the clock that only passing time moves. Rows of older versions have only the wall clock. */
export const ARRIVED = 'coalesce(elapsed_at, received_at)';

/**
 * The first id of readings that arrived at or after `time` (milliseconds): ids follow the order of arrival, so no index of
 * times is needed. Approximate where `arrived`, an SQL expression, is the wall clock and that was set back.
 */
export function firstSince(database: Database, arrived: string, time: number): number {
  const next = database.prepare(`select id, ${arrived} as at from readings where id >= ? order by id limit 1`);
  const { low, high } = database
    .prepare('select coalesce(min(id), 1) as low, coalesce(max(id), 0) as high from readings')
    .get() as { low: number; high: number };
  let from = low;
  let to = high + 1;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const row = next.get(middle) as { id: number; at: number };
    if (row.at < time) from = row.id + 1;
    else to = middle;
  }
  return from;
}
