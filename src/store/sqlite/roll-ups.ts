/**
 * Rolls readings up by minute and hour, by SQL. What was stored is added to a table in memory; once a minute this moves to
 * the tables of the file, some rows at a time. Each of these transactions saves which readings the file's tables have by
 * then, so a crash at any moment neither loses nor repeats one: the next start reads the others again.
 */
import { whileBusy } from '../../lib/process/shutdown.js';
import { type Database, inTransaction, rowOf, rowsOf } from '../../lib/sqlite/driver.js';
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

export type RollUps = ReturnType<typeof openRollUps>;

/** For one connection. `elapsed`: now, by the clock of the retention. Throws errors of the database. */
export function openRollUps(db: Database, elapsed: number) {
  whileBusy(() => inTransaction(db, () => clearUnknown(db, lastReading(db), elapsed)));
  db.exec(PENDING);
  const collect = db.prepare(
    `insert into temp.pending select metric, region, hostname, taken / ${MINUTE_MS} * ${MINUTE_MS}, 1, value, value, value
     from (${numbersOf('id > :after and id <= :to', '(id > :rebuiltTo or taken >= :rebuiltFrom)')}) where true ${MERGE}`,
  );
  const saveProgress = db.prepare('update roll_up_progress set done = ?, target = ?, position = ?');
  const move = prepareMove(db);
  const columns = 'done, target, position, rebuilt_to as rebuiltTo, rebuilt_from as rebuiltFrom';
  let progress = rowOf<Progress>(db, `select ${columns} from roll_up_progress`)!;
  /** The last reading that is in memory or in the tables. */
  let seen = progress.done;
  let minute = 0;

  const isMoving = () => progress.target > progress.done;

  /** Counting the rows takes a millisecond. */
  function hasRoom(): boolean {
    const sql = `select count(*) <= ${MAX_PENDING} as room from temp.pending`;
    return rowOf<{ room: number }>(db, sql)?.room === 1;
  }

  function collectUpTo(last: number): void {
    const end = performance.now() + WORK_MS;
    const { rebuiltTo, rebuiltFrom } = progress;
    while (seen < last && performance.now() < end) {
      const to = Math.min(seen + READINGS_AT_ONCE, last);
      collect.run({ after: seen, to, rebuiltTo, rebuiltFrom });
      seen = to;
    }
  }

  /** After a crash amid a move the same rows are made again; those that are in the tables are left out. */
  function collectAgain({ target, position }: Progress): void {
    collectUpTo(target);
    if (seen === target && position !== null) {
      db.prepare(`delete from temp.pending where ${UP_TO}`).run({ to: position });
    }
  }

  /** Nothing is collected meanwhile: the rows in memory are those of the readings up to the target. */
  function moveSome({ target }: Progress, now: number): void {
    progress = inTransaction(db, () => {
      const position = rowsOf<{ key: string }>(db, FIRST_KEYS).at(-1)?.key ?? null;
      if (position !== null) move(position, now);
      const isDone = rowOf(db, 'select 1 from temp.pending limit 1') === undefined;
      return save(isDone ? { done: target, position: null } : { position });
    });
  }

  function save(changed: Partial<Progress>): Progress {
    const next = { ...progress, ...changed };
    saveProgress.run(next.done, next.target, next.position);
    return next;
  }

  const rollUps = {
    /** Readings up to this one are in the tables. */
    get done(): number {
      return progress.done;
    },

    /** Whether memory and tables together have all readings up to `last`, the newest one. */
    isCurrent: (last: number) => seen >= last,

    /**
     * Does some of the work that waits, for some milliseconds; returns whether there is more. `now`: Unix milliseconds. `last`:
     * the newest reading.
     */
    work(now: number, last: number, elapsed: number): boolean {
      if (isMoving() && seen === progress.target) moveSome(progress, elapsed);
      else if (isMoving()) collectAgain(progress);
      else {
        const canCollect = hasRoom();
        if (canCollect) collectUpTo(last);
        const newest = Math.floor(now / MINUTE_MS);
        if ((newest !== minute || !canCollect) && seen > progress.done) {
          minute = newest;
          progress = save({ target: seen, position: null });
        }
      }
      return isMoving() || seen < last;
    },

    /** Moves everything to the tables, for at most `ms`. */
    finish(ms: number, last: number, elapsed: number): void {
      const end = performance.now() + ms;
      for (let more = true; more && performance.now() < end; ) {
        // What was collected does not wait for the end of the minute.
        minute = Number.NaN;
        more = rollUps.work(0, last, elapsed) || progress.done < last;
      }
    },
  };
  return rollUps;
}
