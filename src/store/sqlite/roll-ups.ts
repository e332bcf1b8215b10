/**
 * Rolls readings up by minute and hour, by SQL. What was stored is added to a table in memory; once a minute this moves to
 * the tables of the file, some rows at a time. Each of these transactions saves which readings the file's tables have by
 * then, so a crash at any moment neither loses nor repeats one: the next start reads the others again.
 */
import { whileBusy } from '../../lib/process/shutdown.js';
import { type Database, inTransaction, rowOf, rowsOf, type Statement } from '../../lib/sqlite/driver.js';
import { MINUTE_MS } from '../history.js';
import { clearUnknown, MERGE, prepareMove, UP_TO } from './roll-up-tables.js';
import { lastReading, numbersOf } from './select-readings.js';

/** Readings that are added to memory at a time, and rows that move at a time: each takes some milliseconds. */
const READINGS_AT_ONCE = 500;
const ROWS_AT_ONCE = 500;
const WORK_MS = 10;
/** More rows do not wait for the end of the minute: some 30 MB. */
const MAX_PENDING = 200_000;

const PENDING = `
create temp table pending (
  metric text, region text, hostname text, minute integer, count integer, min real, max real, sum real,
  primary key (metric, region, hostname, minute)
) without rowid`;

const FIRST_KEYS = `
select json_array(metric, region, hostname, minute) as key from temp.pending
order by metric, region, hostname, minute limit ${ROWS_AT_ONCE}`;

/** The columns of `roll_up_progress`. */
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
  readonly #move: (to: string, elapsed: number) => void;
  readonly #saveProgress: Statement;
  #progress: Progress;
  /** The last reading that is in memory or in the tables. */
  #seen: number;
  #minute = 0;

  /** For one connection. `elapsed`: now, by the clock of the retention. Throws errors of the database. */
  constructor(db: Database, elapsed: number) {
    this.#db = db;
    whileBusy(() => inTransaction(db, () => clearUnknown(db, lastReading(db), elapsed)));
    db.exec(PENDING);
    this.#collect = db.prepare(
      `insert into temp.pending select metric, region, hostname, taken / ${MINUTE_MS} * ${MINUTE_MS}, 1, value, value, value
       from (${numbersOf('id > :after and id <= :to', '(id > :rebuiltTo or taken >= :rebuiltFrom)')}) where true ${MERGE}`,
    );
    this.#saveProgress = db.prepare('update roll_up_progress set done = ?, target = ?, position = ?');
    this.#move = prepareMove(db);
    this.#progress = rowOf<Progress>(
      db,
      'select done, target, position, rebuilt_to as rebuiltTo, rebuilt_from as rebuiltFrom from roll_up_progress',
    )!;
    this.#seen = this.#progress.done;
  }

  /** Readings up to this one are in the tables. */
  get done(): number {
    return this.#progress.done;
  }

  /** Whether memory and tables together have all readings up to `last`, the newest one. */
  isCurrent(last: number): boolean {
    return this.#seen >= last;
  }

  /**
   * Does some of the work that waits, for some milliseconds; returns whether there is more. `now`: Unix milliseconds. `last`:
   * the newest reading.
   */
  work(now: number, last: number, elapsed: number): boolean {
    const { target } = this.#progress;
    if (this.#isMoving && this.#seen === target) this.#moveSome(elapsed);
    else if (this.#isMoving) this.#collectAgain(target);
    else {
      const hasRoom = this.#hasRoom;
      if (hasRoom) this.#collectUpTo(last);
      const minute = Math.floor(now / MINUTE_MS);
      if ((minute !== this.#minute || !hasRoom) && this.#seen > this.done) {
        this.#minute = minute;
        this.#progress = this.#save({ target: this.#seen, position: null });
      }
    }
    return this.#isMoving || this.#seen < last;
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

  get #isMoving(): boolean {
    return this.#progress.target > this.#progress.done;
  }

  /** Counting the rows takes a millisecond. */
  get #hasRoom(): boolean {
    const sql = `select count(*) <= ${MAX_PENDING} as room from temp.pending`;
    return rowOf<{ room: number }>(this.#db, sql)?.room === 1;
  }

  #collectUpTo(last: number): void {
    const end = performance.now() + WORK_MS;
    const { rebuiltTo, rebuiltFrom } = this.#progress;
    while (this.#seen < last && performance.now() < end) {
      const to = Math.min(this.#seen + READINGS_AT_ONCE, last);
      this.#collect.run({ after: this.#seen, to, rebuiltTo, rebuiltFrom });
      this.#seen = to;
    }
  }

  /** After a crash amid a move the same rows are made again; those that are in the tables are left out. */
  #collectAgain(target: number): void {
    this.#collectUpTo(target);
    const { position } = this.#progress;
    if (this.#seen === target && position !== null) {
      this.#db.prepare(`delete from temp.pending where ${UP_TO}`).run({ to: position });
    }
  }

  /** Nothing is collected meanwhile: the rows in memory are those of the readings up to the target. */
  #moveSome(elapsed: number): void {
    const { target } = this.#progress;
    this.#progress = inTransaction(this.#db, () => {
      const position = rowsOf<{ key: string }>(this.#db, FIRST_KEYS).at(-1)?.key ?? null;
      if (position !== null) this.#move(position, elapsed);
      const isDone = rowOf(this.#db, 'select 1 from temp.pending limit 1') === undefined;
      return this.#save(isDone ? { done: target, position: null } : { position });
    });
  }

  #save(changed: Partial<Progress>): Progress {
    const progress = { ...this.#progress, ...changed };
    this.#saveProgress.run(progress.done, progress.target, progress.position);
    return progress;
  }
}
