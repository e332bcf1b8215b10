/** Answers what a metric was over time, by one statement: from the roll-ups and the readings that they do not have yet. */
import { badQuery, type HistoryRange, type HistorySeries, HOUR_MS, MINUTE_MS } from '../history.js';
import { type HistoryRow, MAX_POINTS, seriesOf, storedMetric } from '../history-series.js';
import type { Run } from './database.js';

/** Readings that are read for steps below a minute. */
const MAX_READINGS = 300_000;
const ANSWER_MS = 20_000;

/** $1: metric, $2 and $3: from and to, $4: step, $5: region or null, $6: host or null; $7 and $8: {@link leastProgress}. */
const VALUE = `case when $1 = 'readings.lateness' then (received_at - taken_at)::float8 else (measured_values ->> $1)::float8 end`;
const readings = (rows: string) => `
  select region, taken_at - taken_at % $4 as t, 1 as count, value as min, value as max, value as sum
  from (select region, taken_at, ${VALUE} as value from readings
    where taken_at >= $2 and taken_at < $3 and ($5::text is null or region = $5) and ($6::text is null or hostname = $6) and ${rows}
  ) as numbers where value is not null`;

const POINTS = 'sum(count)::bigint as count, min(min) as min, max(max) as max, sum(sum) as sum';
const answer = (rows: string) =>
  `select region, t, ${POINTS} from (${rows}) as rows group by 1, 2 order by region collate "C", t limit ${MAX_POINTS + 1}`;

function rollUps(start: 'minute' | 'hour', isOfHost: boolean): string {
  const inTime = `${start} >= $2 and ${start} < $3`;
  const stored = isOfHost
    ? `select region, ${start} - ${start} % $4 as t, count, min, max, sum from sensor_series
       join sensor_${start}_rows on series = id and ${inTime}
       where hostname = $6 and metric = $1 and ($5::text is null or region = $5)`
    : `select region, ${start} - ${start} % $4 as t, count, min, max, sum from region_${start}s
       where metric = $1 and ${inTime} and ($5::text is null or region = $5)`;
  const rolledUp = `id <= (select ${isOfHost ? 'sensors' : 'regions'} from roll_up_progress as p where p.shard = readings.shard)`;
  return answer(`${stored} union all ${readings(`shard = any($7) and id > $8 and not ${rolledUp}`)}`);
}

/** Rejects with `BAD_QUERY` where that is too much. `now`: Unix milliseconds. */
export async function readHistory(run: Run, range: HistoryRange, now: number): Promise<HistorySeries[]> {
  const { metric, region, host, step, from, to } = range;
  const isRolledUp = step % MINUTE_MS === 0;
  if (!isRolledUp) await refuseTooMany(run, range);
  const isOfHost = host !== undefined;
  const sql = isRolledUp ? rollUps(step % HOUR_MS === 0 ? 'hour' : 'minute', isOfHost) : answer(readings('true'));
  const values: unknown[] = [storedMetric(metric), from, to, step, region ?? null, host ?? null];
  // From the numbers themselves the server knows that these are few readings.
  if (isRolledUp) values.push(...(await leastProgress(run, isOfHost)));
  return seriesOf(await run<HistoryRow>(sql, values, ANSWER_MS), range, now);
}

/** All shards, and the reading up to which each of them is rolled up at least. */
async function leastProgress(run: Run, isOfHost: boolean): Promise<[shards: number[], id: number]> {
  const [row] = await run<{ shards: number[]; id: number }>(
    `select array_agg(shard) as shards, min(${isOfHost ? 'sensors' : 'regions'}) as id from roll_up_progress`,
  );
  return [row!.shards, row!.id];
}

async function refuseTooMany(run: Run, { step, from, to }: HistoryRange): Promise<void> {
  const newest = `select 1 from readings where taken_at >= $1 and taken_at < $2 limit ${MAX_READINGS + 1}`;
  const [found] = await run<{ count: number }>(
    `select count(*) as count from (${newest}) as newest`,
    [from, to],
    ANSWER_MS,
  );
  if (found!.count <= MAX_READINGS) return;
  throw badQuery(
    `a step of ${step} milliseconds needs more than ${MAX_READINGS} readings`,
    'Use a step of at least 1m, in whole minutes, or a later from.',
  );
}
