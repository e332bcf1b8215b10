/** What every SQLite store of the product does alike: finding damage, and closing. */
import type LibsqlDatabase from 'libsql';
import { longWork } from '../process/long-work.js';

export type Database = LibsqlDatabase.Database;

/** The first damage that a quick check finds; undefined: there is none. A gigabyte takes a second or two. */
export function findDamage(database: Database): string | undefined {
  try {
    const check = database.prepare('PRAGMA quick_check(1)');
    const [row] = longWork(() => check.all([])) as { quick_check: string }[];
    return row?.quick_check === 'ok' ? undefined : (row?.quick_check ?? 'the quick check finds nothing to read');
  } catch (error) {
    if (isDamage(error)) return (error as Error).message;
    throw error;
  }
}

/** Whether an error of SQLite means that the file is damaged. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test((error as { code?: string } | undefined)?.code ?? '');
}

/**
 * Closes a database and releases its lock. `close` alone does so only once every statement is garbage-collected, and
 * would then delete the write-ahead log that another database at the same path has by that time.
 */
export function closeDatabase(database: Database): void {
  database.exec('PRAGMA journal_mode = DELETE');
  database.exec('PRAGMA locking_mode = NORMAL');
  // The lock is released at the next access.
  database.exec('SELECT count(*) FROM sqlite_master');
  database.close();
}

/**
 * Closes a database that may be damaged, or whose file is gone or about to be renamed: SQLite then refuses to close it in
 * order, and touches no file of that name later.
 */
export function abandonDatabase(database: Database): void {
  try {
    closeDatabase(database);
  } catch {
    database.close();
  }
}
