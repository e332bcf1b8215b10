/** Reads and writes the tables of the roll-ups. All writes happen in transactions of the caller. */
import type { Database, Statement } from '../../lib/sqlite/driver.js';
import { HOUR_MS, MINUTE_MS } from './history.js';
import type { Series } from './series.js';
import { addStatistics, type Statistics, type StepStatistics } from './statistics.js';

/** Which readings the tables have: see `roll_ups` in `roll-up-schema.ts`. */
export interface RollUpProgress {
  done: number;
  target: number;
  series: number;
  rebuiltTo: number;
  rebuiltFrom: number;
}

/** The lengths of the steps, in milliseconds, and their names. */
export const LEVELS = [
  { length: MINUTE_MS, start: 'minute', regions: 'region_minutes', sensors: 'sensor_minute_rows' },
  { length: HOUR_MS, start: 'hour', regions: 'region_hours', sensors: 'sensor_hour_rows' },
] as const;
export type Level = (typeof LEVELS)[number];

/** Rows deleted at a time: this takes some tens of milliseconds. */
const DELETED_AT_ONCE = 5_000;

/** The depth of the queue is counted, and can not be made anew. */
const OF_READINGS = "metric <> 'queue.depth'";

const MERGE = `on conflict do update set count = count + excluded.count, min = min(min, excluded.min),
  max = max(max, excluded.max), sum = sum + excluded.sum`;

export class RollUpTables {
  readonly #db: Database;
  readonly #writers: { length: number; region: Statement; sensor: Statement }[];
  readonly #series: Statement;
  readonly #period: Statement;
  readonly #progress: Statement;

  constructor(db: Database) {
    this.#db = db;
    this.#writers = LEVELS.map(({ length, regions, sensors }) => ({
      length,
      region: db.prepare(`insert into ${regions} values (?, ?, ?, ?, ?, ?, ?) ${MERGE}`),
      sensor: db.prepare(`insert into ${sensors} values (?, ?, ?, ?, ?, ?) ${MERGE}`),
    }));
    this.#series = db.prepare(
      'insert into sensor_series (id, hostname, metric, region) values (?, ?, ?, ?) on conflict do nothing',
    );
    this.#period = db.prepare(
      'insert into roll_up_periods values (?, ?, ?) on conflict do update set elapsed_at = excluded.elapsed_at',
    );
    this.#progress = db.prepare('insert or replace into roll_ups values (1, ?, ?, ?, ?, ?)');
  }

  progress(): RollUpProgress {
    return this.#db
      .prepare(
        'select done, target, series, rebuilt_to as rebuiltTo, rebuilt_from as rebuiltFrom from roll_ups where id = 1',
      )
      .get() as RollUpProgress;
  }

  saveProgress({ done, target, series, rebuiltTo, rebuiltFrom }: RollUpProgress): void {
    this.#progress.run(done, target, series, rebuiltTo, rebuiltFrom);
  }

  /** Adds statistics by minute to a series, also to its hours. Returns the number of rows. */
  add(series: Series, minutes: StepStatistics): number {
    let rows = 0;
    for (const { length, region, sensor } of this.#writers) {
      const write = series.host === undefined ? writeRegion(region, series) : writeSensor(sensor, series);
      for (const [start, statistics] of length === MINUTE_MS ? minutes : inSteps(minutes, length)) {
        write(start, statistics);
        rows++;
      }
    }
    return rows;
  }

  addSeries({ id, region, host, metric }: Series): void {
    this.#series.run(id, host!, metric, region);
  }

  /** Notes that these minutes, and their hours, have rows. `elapsed`: now, by the clock of the retention. */
  notePeriods(minutes: Iterable<number>, elapsed: number): void {
    for (const { length } of LEVELS) {
      const starts = new Set<number>();
      for (const minute of minutes) starts.add(Math.floor(minute / length) * length);
      for (const start of starts) this.#period.run(length, start, elapsed);
    }
  }

  /** Whether there are rows that were made of readings. */
  haveReadings(): boolean {
    const row = this.#db
      .prepare(
        `select exists (select 1 from sensor_minute_rows) or exists (select 1 from sensor_hour_rows)
          or exists (select 1 from region_minutes where ${OF_READINGS})
          or exists (select 1 from region_hours where ${OF_READINGS}) as found`,
      )
      .get() as { found: number };
    return row.found === 1;
  }

  /** Deletes some rows of periods since `from` that were made of readings. Returns how many. */
  clearSome(from: number): number {
    let rows = 0;
    for (const { start, regions, sensors } of LEVELS) {
      rows +=
        this.#db.prepare(`delete from ${regions} where ${start} >= ? and ${OF_READINGS}`).run(from).changes +
        this.#db
          .prepare(
            `delete from ${sensors} where (${start}, series) in (
               select ${start}, series from ${sensors} where ${start} >= ? limit ${DELETED_AT_ONCE}
             )`,
          )
          .run(from).changes;
    }
    return rows;
  }

  /** Notes the periods that have rows of regions, where that is missing. `elapsed`: as in {@link notePeriods}. */
  restorePeriods(elapsed: number): void {
    for (const { length, start, regions } of LEVELS) {
      this.#db
        .prepare(`insert or ignore into roll_up_periods select distinct ?, ${start}, ? from ${regions}`)
        .run(length, elapsed);
    }
  }

  /** Deletes some rows of a period to which nothing was added since `before`. Returns how many; 0: there is no such period. */
  forgetSome({ length, start, regions, sensors }: Level, before: number): number {
    const expired = this.#db
      .prepare('select start from roll_up_periods where length = ? and elapsed_at < ? order by start limit 1')
      .get(length, before) as { start: number } | undefined;
    if (!expired) return 0;
    const rows = this.#db
      .prepare(
        `delete from ${sensors} where ${start} = ?1 and series in (
           select series from ${sensors} where ${start} = ?1 limit ${DELETED_AT_ONCE}
         )`,
      )
      .run(expired.start).changes;
    if (rows === DELETED_AT_ONCE) return rows;
    const others =
      this.#db.prepare(`delete from ${regions} where ${start} = ?`).run(expired.start).changes +
      this.#db.prepare('delete from roll_up_periods where length = ? and start = ?').run(length, expired.start).changes;
    return rows + others;
  }
}

const writeRegion =
  (statement: Statement, { metric, region }: Series) =>
  (start: number, { count, min, max, sum }: Statistics) =>
    statement.run(start, metric, region, count, min, max, sum);

const writeSensor =
  (statement: Statement, { id }: Series) =>
  (start: number, { count, min, max, sum }: Statistics) =>
    statement.run(start, id, count, min, max, sum);

/** The same statistics in longer steps. */
function inSteps(minutes: StepStatistics, length: number): StepStatistics {
  const steps: StepStatistics = new Map();
  for (const [minute, statistics] of minutes) {
    const start = Math.floor(minute / length) * length;
    const known = steps.get(start);
    if (known) addStatistics(known, statistics);
    else steps.set(start, { ...statistics });
  }
  return steps;
}
