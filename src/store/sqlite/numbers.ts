/** The numbers of readings in SQL: each measured value, and how late the reading came. */

/** When a reading was taken, Unix milliseconds. Rows of earlier versions have only the text. */
const TAKEN = 'coalesce(taken_at, cast(round((julianday(timestamp) - 2440587.5) * 86400000) as integer), received_at)';

/**
 * A query with `taken` (Unix milliseconds), `metric`, `region`, `hostname` and `value`. `rows` is a condition on the table,
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
