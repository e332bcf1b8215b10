/** History in steps of minutes: from the tables of the roll-ups, and what these do not have yet. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../../lib/sqlite/driver.js';
import { type HistoryRange, type HistorySeries, HOUR_MS } from './history.js';
import { badQuery } from './history-query.js';
import { LEVELS, type Level } from './roll-up-tables.js';
import type { RollUps } from './roll-ups.js';
import { addStatistics, pointsOf, type Statistics, type StepStatistics } from './statistics.js';

/** Minutes or hours read at a time: this takes a few milliseconds. */
const PERIODS_AT_ONCE = 250;
/** Of all series together: making text of more takes long. */
const MAX_POINTS = 50_000;

interface Row extends Statistics {
  region: string;
  t: number;
}

/** Steps by region. */
type Found = Map<string, StepStatistics>;

/**
 * The step must be a multiple of a minute. Call it while nothing moves to the tables. Rejects with `BAD_QUERY` when there
 * are too many points. `now`: Unix milliseconds.
 */
export async function rolledUpHistory(
  rollUps: RollUps,
  database: Database,
  range: HistoryRange,
  now: number,
): Promise<HistorySeries[]> {
  const found: Found = new Map();
  const level = LEVELS[range.step % HOUR_MS === 0 ? 1 : 0];
  const read = range.host === undefined ? readRegions(database, level, range) : readHost(database, level, range);
  addPending(found, rollUps, range);
  for (let { from } = range; from < range.to; ) {
    const to = endOfSome(database, level, from, range.to);
    for (const row of read(from, to)) add(found, row.region, row.t, row);
    checkSize(found);
    from = to;
    if (from < range.to) await nextTurn();
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([region, steps]) => ({
      ...(range.metric === 'queue.depth' ? {} : { region }),
      ...(range.host === undefined ? {} : { host: range.host }),
      points: pointsOf(steps, range.metric, range.step, now),
    }));
}

/** A rate is the number of readings, each of which has a lateness. */
const storedMetric = (metric: string) => (metric === 'readings.rate' ? 'readings.lateness' : metric);

/** Only minutes and hours that have rows are looked up, each of them: the tables begin with them. */
const statisticsOf = (join: string) => `
  start - start % :step as t, sum(count) as count, min(min) as min, max(max) as max, sum(sum) as sum
  from (select start from roll_up_periods where length = :length and start >= :from and start < :to)
  cross join ${join}`;

function readRegions(database: Database, { length, start, regions }: Level, { metric, region, step }: HistoryRange) {
  const one = region === undefined ? '' : 'and region = :region';
  const select = database.prepare(
    `select region, ${statisticsOf(`${regions} on ${start} = start and metric = :metric ${one}`)} group by 1, 2`,
  );
  const stored = storedMetric(metric);
  return (from: number, to: number) =>
    select.all({ step, length, from, to, metric: stored, ...(region === undefined ? {} : { region }) }) as Row[];
}

function readHost(database: Database, { length, start, sensors }: Level, { metric, region, host, step }: HistoryRange) {
  const series = (
    database
      .prepare('select id, region from sensor_series where hostname = ? and metric = ?')
      .all(host, storedMetric(metric)) as { id: number; region: string }[]
  ).filter((one) => region === undefined || one.region === region);
  const select = database.prepare(
    `select ${statisticsOf(`${sensors} on ${start} = start and series = :series`)} group by 1`,
  );
  return (from: number, to: number): Row[] =>
    series.flatMap(({ id, region }) =>
      (select.all({ step, length, from, to, series: id }) as Omit<Row, 'region'>[]).map((row) => ({ ...row, region })),
    );
}

/** Where so many periods end, that are read at a time. */
function endOfSome(database: Database, { length }: Level, from: number, to: number): number {
  const next = database
    .prepare(
      `select start from roll_up_periods where length = ? and start >= ? and start < ? order by start limit 1 offset ${PERIODS_AT_ONCE}`,
    )
    .get(length, from, to) as { start: number } | undefined;
  return next?.start ?? to;
}

/** Throws `BAD_QUERY`. */
function checkSize(found: Found): void {
  let points = 0;
  for (const steps of found.values()) points += steps.size;
  if (points <= MAX_POINTS) return;
  throw badQuery(
    `these are more than ${MAX_POINTS} points in ${found.size} series`,
    'Name a region or a host, use a longer step, or ask for a shorter time.',
  );
}

function addPending(found: Found, rollUps: RollUps, { metric, region, host, from, to, step }: HistoryRange): void {
  const stored = storedMetric(metric);
  for (const pending of rollUps.pending) {
    for (const [series, minutes] of host === undefined ? pending.regions : pending.sensors) {
      if (series.metric !== stored || series.host !== host) continue;
      if (region !== undefined && series.region !== region) continue;
      for (const [minute, statistics] of minutes) {
        if (minute >= from && minute < to) add(found, series.region, Math.floor(minute / step) * step, statistics);
      }
    }
  }
}

function add(found: Found, region: string, t: number, statistics: Statistics): void {
  const { count, min, max, sum } = statistics;
  const steps: StepStatistics = found.get(region) ?? new Map();
  found.set(region, steps);
  const known = steps.get(t);
  if (known) addStatistics(known, statistics);
  else steps.set(t, { count, min, max, sum });
}
