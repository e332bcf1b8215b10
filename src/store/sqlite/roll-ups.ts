/**
 * Rolls readings up by minute and hour. What is stored is added up in memory; once a minute this moves to the tables of the
 * file, some rows at a time. Each of these transactions saves which readings the file's tables have by then, so a crash at any
 * moment neither loses nor repeats one: the next start reads the others again.
 */
import { whileBusy } from '../../lib/process/shutdown.js';
import { type Database, inTransaction, rowOf } from '../../lib/sqlite/driver.js';
import { type HistoryRange, MINUTE_MS } from '../history.js';
import type { HistoryRow } from '../history-series.js';
import type { StoreEntry } from '../store.js';
import { Pending, type Series } from './pending.js';
import { clearUnknown, prepareMove } from './roll-up-tables.js';
import { type Appended, takenAt } from './rows.js';
import { lastReading, numbersOf } from './select-readings.js';

/** Readings that are read at a time, and series that move at a time: each takes some milliseconds. */
const READINGS_AT_ONCE = 500;
const SERIES_AT_ONCE = 500;
const NAMED_AT_ONCE = 2_000;
const WORK_MS = 10;
/** More sums do not wait for the end of the minute: some 30 MB. */
const MAX_PENDING = 200_000;

/** The columns of `roll_up_progress`. */
interface Progress {
  done: number;
  target: number;
  position: string | null;
  rebuiltTo: number;
  rebuiltFrom: number;
}

type NumberRow = { taken: number; metric: string; region: string; hostname: string; value: number };

export type RollUps = ReturnType<typeof openRollUps>;

/** For one connection. `elapsed`: now, by the clock of the retention. Throws errors of the database. */
export function openRollUps(db: Database, elapsed: number) {
  whileBusy(() => inTransaction(db, () => clearUnknown(db, lastReading(db), elapsed)));
  const read = db.prepare(
    `select taken, metric, region, hostname, cast(value as real) as value
     from (${numbersOf('id > :after and id <= :to', '(id > :rebuiltTo or taken >= :rebuiltFrom)')})`,
  );
  const saveProgress = db.prepare('update roll_up_progress set done = ?, target = ?, position = ?');
  const tables = prepareMove(db);
  const columns = 'done, target, position, rebuilt_to as rebuiltTo, rebuilt_from as rebuiltFrom';
  let progress = rowOf<Progress>(db, `select ${columns} from roll_up_progress`)!;
  const pending = new Pending();
  /** The last reading that is in memory or in the tables. */
  let seen = progress.done;
  /** In the order of their ids; undefined: nothing moves, or what moves is read again. */
  let moving: Series[] | undefined;
  let minute = 0;

  const isMoving = () => progress.target > progress.done;
  const hasRoom = () => pending.count <= MAX_PENDING;

  function collectUpTo(last: number, of: 'sums' | 'moving'): void {
    const end = performance.now() + WORK_MS;
    const { rebuiltTo, rebuiltFrom } = progress;
    while (seen < last && performance.now() < end) {
      const to = Math.min(seen + READINGS_AT_ONCE, last);
      const rows = read.all({ after: seen, to, rebuiltTo, rebuiltFrom }) as NumberRow[];
      for (const { metric, region, hostname, taken, value } of rows)
        pending.add(metric, region, hostname, taken, value, of);
      seen = to;
    }
  }

  /** Rows that move one after the other are neighbours in the tables. New series get their numbers first, some at a time. */
  function beginMove({ position }: Progress): void {
    const all = pending.moving();
    const unknown = all.filter(({ id }) => id === 0);
    const some = unknown.slice(0, NAMED_AT_ONCE);
    // A transaction that fails leaves no numbers.
    const ids = inTransaction(db, () => some.map((series) => tables.idOf(series)));
    for (const [i, series] of some.entries()) series.id = ids[i] ?? 0;
    if (some.length < unknown.length) return;
    moving = all.sort((a, b) => a.id - b.id);
    if (position === null) return;
    // What was in the tables before a crash.
    const isMoved = movedUpTo(JSON.parse(position));
    for (const series of moving) series.moving = series.moving.filter((sum) => !isMoved(series, sum.minute));
  }

  /** After a crash amid a move the same rows are made again. */
  function goOn(): void {
    if (seen < progress.target) collectUpTo(progress.target, 'moving');
    if (seen >= progress.target) beginMove(progress);
  }

  function moveSome(all: Series[], { target, position }: Progress, now: number): void {
    // Versions before moved in another order: what is left of their move can't be interrupted once more.
    const some = all.slice(0, position?.startsWith('[') ? all.length : SERIES_AT_ONCE);
    progress = inTransaction(db, () => {
      tables.move(some, now);
      return save(
        some.length === all.length ? { done: target, position: null } : { position: String(some.at(-1)?.id) },
      );
    });
    for (const series of some) series.moving = [];
    moving = isMoving() ? all.slice(some.length) : undefined;
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

    /** What the tables do not have. */
    rows: (range: HistoryRange): Iterable<HistoryRow> => pending.rows(range),

    /** Adds what has just been stored, where everything before it is here. It is read later otherwise. */
    add({ first, last, added }: Appended<StoreEntry>): void {
      if (seen !== first - 1 || seen < progress.target || !hasRoom()) return;
      for (const { reading, receivedAt } of added) {
        if (reading) pending.addReading(reading, takenAt(reading, receivedAt), receivedAt);
      }
      seen = last;
    },

    /**
     * Does some of the work that waits, for some milliseconds; returns whether there is more. `now`: Unix milliseconds. `last`:
     * the newest reading.
     */
    work(now: number, last: number, elapsed: number): boolean {
      if (moving) moveSome(moving, progress, elapsed);
      else if (isMoving()) goOn();
      else {
        const canCollect = hasRoom();
        if (canCollect) collectUpTo(last, 'sums');
        const newest = Math.floor(now / MINUTE_MS);
        if ((newest !== minute || !canCollect) && seen > progress.done) {
          minute = newest;
          progress = save({ target: seen, position: null });
          pending.beginMove();
          beginMove(progress);
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

type Key = [metric: string, region: string, hostname: string, minute: number];

/** Whether a move that was interrupted has added a sum. `position`: the last series, or the last key of versions before. */
function movedUpTo(position: number | Key): (series: Series, minute: number) => boolean {
  if (typeof position === 'number') return ({ id }) => id <= position;
  return ({ metric, region, hostname }, minute) => {
    const key: Key = [metric, region, hostname, minute];
    const at = key.findIndex((part, i) => part !== position[i]);
    const [part, last] = [key[at], position[at]];
    return part === undefined || last === undefined || part < last;
  };
}
