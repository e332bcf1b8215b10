/**
 * Rolls readings up by minute and hour, by SQL. What was stored is added to a table in memory; once a minute this moves to
 * the tables of the file, some rows at a time. Each of these transactions saves which readings the file's tables have by
 * then, so a crash at any moment neither loses nor repeats one: the next start reads the others again.
 */
import { type Database, inTransaction, rowOf, type Statement } from '../../lib/sqlite/driver.js';
import { MINUTE_MS } from '../history.js';
import {
  addDepth,
  clearSome,
  completeSince,
  forgetSome,
  haveReadings,
  LEVELS,
  MERGE,
  prepareMove,
  restorePeriods,
} from './roll-up-tables.js';
import { numbersOf } from './select-readings.js';

/** Readings that are added to memory at a time, and rows that move at a time: each takes some milliseconds. */
const READINGS_AT_ONCE = 500;
const ROWS_AT_ONCE = 500;
const WORK_MS = 10;
/** More rows do not wait for the end of the minute: some 30 MB. */
const MAX_PENDING = 200_000;

/** `part`: 0 and 1 in turn; while one moves, the other one takes what comes. `moved`: what moves now. */
const PENDING = `
create temp table pending (
  part integer, metric text, region text, hostname text, minute integer, count integer, min real, max real, sum real,
  primary key (part, metric, region, hostname, minute)
) without rowid;
create temp table moved (metric text, region text, hostname text, minute integer, count integer, min real, max real, sum real);
`;
const KEY = 'metric, region, hostname, minute';
const STATISTICS = 'count, min, max, sum';

interface Progress {
  done: number;
  target: number;
  position: string | null;
  rebuiltTo: number;
  rebuiltFrom: number;
}

export class RollUps {
  readonly #db: Database;
  readonly #collect: Statement;
  readonly #move: (elapsed: number) => void;
  readonly #saveProgress: Statement;
  #progress: Progress;
  /** The last reading that is in memory or in the tables. */
  #seen: number;
  /** Of `pending`, where readings are added now. */
  #part = 0;
  /** Set while rows that are made anew are deleted: those since then, Unix milliseconds. */
  #clearFrom: number | undefined;
  #minute = 0;

  /** For one connection. Throws errors of the database. */
  constructor(db: Database) {
    this.#db = db;
    db.exec(PENDING);
    this.#collect = db.prepare(
      `insert into temp.pending select :part, metric, region, hostname, taken / ${MINUTE_MS} * ${MINUTE_MS}, 1, value, value, value
       from (${numbersOf('id > :after and id <= :to', '(id > :rebuiltTo or taken >= :rebuiltFrom)')}) where true ${MERGE}`,
    );
    this.#saveProgress = db.prepare('insert or replace into roll_up_progress values (1, ?, ?, ?, ?, ?)');
    this.#move = prepareMove(db);
    this.#progress = rowOf<Progress>(
      db,
      'select done, target, position, rebuilt_to as rebuiltTo, rebuilt_from as rebuiltFrom from roll_up_progress',
    )!;
    this.#seen = this.#progress.done;
    this.#clearFrom = this.#isOfUnknownReadings() ? completeSince(db) : undefined;
  }

  /** Readings up to this one are in the tables. */
  get done(): number {
    return this.#progress.done;
  }

  /** Whether memory and tables together have all readings up to `last`, the newest one. */
  isCurrent(last: number): boolean {
    return this.#clearFrom === undefined && this.#seen >= last;
  }

  get #isMoving(): boolean {
    return this.#progress.target > this.#progress.done;
  }

  /** Adds readings up to `last`, the newest one, for some milliseconds. */
  catchUp(last: number): void {
    const end = performance.now() + WORK_MS;
    const { target, rebuiltTo, rebuiltFrom } = this.#progress;
    while (this.#seen < last && performance.now() < end) {
      // After a crash amid a move the same rows are made again; those that are in the tables are left out.
      const again = this.#seen < target;
      const to = Math.min(this.#seen + READINGS_AT_ONCE, again ? target : last);
      this.#collect.run({ part: again ? 1 - this.#part : this.#part, after: this.#seen, to, rebuiltTo, rebuiltFrom });
      this.#seen = to;
      if (again && to === target) this.#dropMoved();
    }
  }

  /** Does some of the work that waits, for some milliseconds; returns whether there is more. `now`: Unix milliseconds. */
  work(now: number, last: number, elapsed: number): boolean {
    if (this.#clearFrom !== undefined) this.#clearSome(this.#clearFrom, last, elapsed);
    else if (this.#isMoving && this.#seen >= this.#progress.target) this.#moveSome(elapsed);
    else {
      if (this.#hasRoom || this.#seen < this.#progress.target) this.catchUp(last);
      const minute = Math.floor(now / MINUTE_MS);
      if (!this.#isMoving && (minute !== this.#minute || !this.#hasRoom)) {
        this.#minute = minute;
        this.#beginMove();
      }
    }
    return this.#clearFrom !== undefined || this.#isMoving || this.#seen < last;
  }

  /** Moves everything to the tables, for at most `ms`. */
  finish(ms: number, last: number, elapsed: number): void {
    const end = performance.now() + ms;
    for (let more = true; more && performance.now() < end; ) {
      // What was collected does not wait for the end of the minute.
      this.#minute = Number.NaN;
      more = this.work(0, last, elapsed) || this.done < last;
    }
  }

  /** Notes the depth of the queue. `elapsed`: now, by the clock of the retention. */
  addDepth(messages: number, now: number, elapsed: number): void {
    inTransaction(this.#db, () => addDepth(this.#db, messages, now, elapsed));
  }

  /** Deletes some rows to which nothing was added since these times, by the clock of the retention. Returns how many. */
  forgetSome(before: { minutes: number; hours: number }): number {
    return inTransaction(
      this.#db,
      () => forgetSome(this.#db, LEVELS[0], before.minutes) + forgetSome(this.#db, LEVELS[1], before.hours),
    );
  }

  /** Counting the rows takes a millisecond. */
  get #hasRoom(): boolean {
    const sql = `select count(*) <= ${MAX_PENDING} as room from temp.pending`;
    return rowOf<{ room: number }>(this.#db, sql)?.room === 1;
  }

  #beginMove(): void {
    if (this.#seen === this.#progress.done) return;
    this.#part = 1 - this.#part;
    this.#save({ ...this.#progress, target: this.#seen, position: null });
  }

  #moveSome(elapsed: number): void {
    const part = 1 - this.#part;
    const saved = inTransaction(this.#db, () => {
      const where = `from temp.pending where part = ${part} order by ${KEY} limit ${ROWS_AT_ONCE}`;
      this.#db.exec(`delete from temp.moved; insert into temp.moved select ${KEY}, ${STATISTICS} ${where}`);
      this.#move(elapsed);
      this.#db.exec(`delete from temp.pending where (part, ${KEY}) in (select ${part}, ${KEY} from temp.moved)`);
      const lastMoved = `select json_array(${KEY}) as position from temp.moved order by rowid desc limit 1`;
      const last = rowOf<{ position: string }>(this.#db, lastMoved);
      const isDone = rowOf(this.#db, `select 1 from temp.pending where part = ${part} limit 1`) === undefined;
      const { target } = this.#progress;
      const progress = isDone
        ? { ...this.#progress, done: target, position: null }
        : { ...this.#progress, position: last!.position };
      this.#write(progress);
      return progress;
    });
    this.#progress = saved;
  }

  #dropMoved(): void {
    const { position } = this.#progress;
    if (position === null) return;
    this.#db
      .prepare(
        `delete from temp.pending where part = ${1 - this.#part}
           and (${KEY}) <= (:position ->> 0, :position ->> 1, :position ->> 2, :position ->> 3)`,
      )
      .run({ position });
  }

  /** Whether there are rows without progress: damage has taken an unknown part of the tables, or of the readings. */
  #isOfUnknownReadings(): boolean {
    const { target, rebuiltTo } = this.#progress;
    if (target > 0 || rebuiltTo > 0) return false;
    return haveReadings(this.#db);
  }

  #clearSome(from: number, last: number, elapsed: number): void {
    const isCleared = inTransaction(this.#db, () => {
      if (clearSome(this.#db, from) > 0) return false;
      restorePeriods(this.#db, elapsed);
      return true;
    });
    if (!isCleared) return;
    this.#save({ done: 0, target: 0, position: null, rebuiltTo: last, rebuiltFrom: from });
    this.#seen = 0;
    this.#clearFrom = undefined;
  }

  #save(progress: Progress): void {
    this.#write(progress);
    this.#progress = progress;
  }

  #write({ done, target, position, rebuiltTo, rebuiltFrom }: Progress): void {
    this.#saveProgress.run(done, target, position, rebuiltTo, rebuiltFrom);
  }
}
