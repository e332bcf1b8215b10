/** Answers what a metric was over time, by SQL: from the tables of the roll-ups and what waits for them, or from readings. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Database, rowsOf } from '../../lib/sqlite/driver.js';
import { badQuery, type HistoryRange, type HistorySeries, HOUR_MS, MINUTE_MS } from '../history.js';
import { addTo, type HistoryRow, seriesOf, storedMetric } from '../history-series.js';
import { LEVELS } from './roll-up-tables.js';
import { firstSince, lastReading, numbersOf } from './select-readings.js';

/** Reading so many rows of the roll-ups takes a tenth of a second, in which nothing is stored. */
const MAX_ROWS = 200_000;
/** Readings that are read for steps below a minute. */
const MAX_READINGS = 300_000;
/** Reading them takes some ten milliseconds. */
const READINGS_AT_ONCE = 5_000;
/** The clocks of nodes may be ahead by so much: then readings arrive before they were taken. */
const MAX_AHEAD_MS = 60_000;

/** `rows`: of the tables. */
type Row = HistoryRow & { rows?: number };

/** Rejects with `BAD_QUERY` where that is too much. `pending`: what the tables do not have. `now`: Unix milliseconds. */
export async function readHistory(
  db: Database,
  pending: Iterable<HistoryRow>,
  range: HistoryRange,
  now: number,
  gone?: AbortSignal,
): Promise<HistorySeries[]> {
  const rows = range.step % MINUTE_MS === 0 ? readRollUps(db, pending, range) : await readReadings(db, range, gone);
  return seriesOf(rows, range, now);
}

const IN_REGION = 'and (:region is null or region = :region)';
const POINTS = 'sum(count) as count, min(min) as min, max(max) as max, sum(sum) as sum, count(*) as rows';

function readRollUps(
  db: Database,
  pending: Iterable<HistoryRow>,
  { metric, region, host, step, from, to }: HistoryRange,
): Row[] {
  const { length, start, regions, sensors } = LEVELS[step % HOUR_MS === 0 ? 1 : 0];
  const of = { step, length, from, to, metric: storedMetric(metric), region: region ?? null };
  // Only minutes and hours that have rows are read, each of them: the tables begin with them.
  const periods = 'select start from roll_up_periods where length = :length and start >= :from and start < :to';
  const stored =
    host === undefined
      ? `${regions} on ${start} = start and metric = :metric ${IN_REGION}`
      : `(select id, region from sensor_series where hostname = :host and metric = :metric ${IN_REGION})
         cross join ${sensors} on ${start} = start and series = id`;
  const rows = rowsOf<Row>(
    db,
    `select region, start - start % :step as t, ${POINTS} from (
       select region, start, count, min, max, sum from (${periods}) cross join ${stored}
       limit ${MAX_ROWS + 1}
     ) group by 1, 2`,
    host === undefined ? of : { ...of, host },
  );
  if (rows.reduce((sum, { rows: read }) => sum + (read ?? 0), 0) > MAX_ROWS) {
    throw badQuery(
      `this needs more than ${MAX_ROWS} minutes or hours`,
      'Name a region or a host, ask for a shorter time, or use a step of whole hours.',
    );
  }
  return sorted(merged(pending, merged(rows)));
}

/** Some at a time: what is stored between two turns does not change what was there. */
async function readReadings(
  db: Database,
  { metric, region, host, step, from, to }: HistoryRange,
  gone: AbortSignal | undefined,
): Promise<Row[]> {
  const first = firstSince(db, 'received_at', from - MAX_AHEAD_MS);
  const last = lastReading(db);
  if (last - first >= MAX_READINGS) {
    throw badQuery(
      `a step of ${step} milliseconds needs ${last - first + 1} readings, and at most ${MAX_READINGS} are read`,
      'Use a step of at least 1m, in whole minutes, or a later from.',
    );
  }
  const of = { step, from, to, metric: storedMetric(metric), region: region ?? null, host: host ?? null };
  const wanted = `taken >= :from and taken < :to ${IN_REGION} and (:host is null or hostname = :host)`;
  const select = `select region, taken - taken % :step as t, count(*) as count, min(value) as min, max(value) as max, sum(value) as sum
     from (${numbersOf('id >= :first and id <= :last', wanted)}) where metric = :metric group by 1, 2`;
  const found = new Map<string, Row>();
  for (let id = first; id <= last; id += READINGS_AT_ONCE) {
    if (id > first) await nextTurn();
    if (gone?.aborted) break;
    const ids = { first: id, last: Math.min(id + READINGS_AT_ONCE - 1, last) };
    merged(rowsOf<Row>(db, select, { ...of, ...ids }), found);
  }
  return sorted(found);
}

/** Rows by region and time. */
function merged(rows: Iterable<Row>, found = new Map<string, Row>()): Map<string, Row> {
  for (const row of rows) {
    const key = `${row.t} ${row.region}`;
    const known = found.get(key);
    if (known) addTo(known, row);
    else found.set(key, row);
  }
  return found;
}

const sorted = (found: Map<string, Row>): Row[] =>
  [...found.values()].sort((a, b) => (a.region < b.region ? -1 : a.region > b.region ? 1 : a.t - b.t));
