/** What every SQLite store of the product does alike: finding damage, and closing. */
import { messageOf } from '../errors/app-error.js';
import { longWork } from '../process/long-work.js';
import { closeAbandoned, type Database, isDamage, openSqlite, rowOf } from './driver.js';

/** The first damage that a quick check finds; undefined: there is none. A gigabyte takes a second or two. */
export function findDamage(database: Database): string | undefined {
  try {
    const found = longWork(() => rowOf<{ quick_check: string }>(database, 'PRAGMA quick_check(1)'));
    return found?.quick_check === 'ok' ? undefined : found?.quick_check;
  } catch (error) {
    if (isDamage(error)) return messageOf(error);
    throw error;
  }
}

/** The same of a database that another process may have open; undefined also: it can't be checked now. */
export function quickCheck(path: string): string | undefined {
  try {
    const database = openSqlite(path, { readOnly: true });
    try {
      return findDamage(database);
    } finally {
      database.close();
    }
  } catch (error) {
    return isDamage(error) ? messageOf(error) : undefined;
  }
}

/**
 * Closes a database, after its log has gone into the file. The driver ends a connection only once its statements are
 * garbage-collected; without a log there is nothing left that this could touch.
 */
export function closeDatabase(database: Database): void {
  endLog(database);
  database.close();
}

function endLog(database: Database): void {
  database.exec('PRAGMA journal_mode = DELETE');
  database.exec('PRAGMA locking_mode = NORMAL');
  // The lock is released at the next access.
  database.exec('SELECT count(*) FROM sqlite_master');
}

/**
 * Closes a database that may be damaged, or whose file is gone or about to be renamed: SQLite then leaves alone whatever
 * has its name by the time that the connection ends.
 */
export function abandonDatabase(database: Database): void {
  try {
    endLog(database);
  } catch {
    // Its log is with the file, or in what was read from it before.
  } finally {
    closeAbandoned(database);
  }
}
