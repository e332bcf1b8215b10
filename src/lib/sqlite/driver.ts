/**
 * SQLite, with the API of `node:sqlite`. Nothing else in the product knows which package it comes from.
 *
 * Node 20 has no such module, and Node's own has no authorizer before 24.10. Every version of Node gets the same SQLite
 * (docs/adr/0012-plain-store.md).
 */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { constants, DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';
import { messageOf } from '../errors/app-error.js';
import { whileBusy } from '../process/shutdown.js';

export type Database = DatabaseSyncInstance;
export type Statement = StatementSyncInstance;
/** What an authorizer is asked and answers (https://sqlite.org/c3ref/c_alter_table.html). */
export const ACTIONS = constants;
export type SqlValue = string | number | bigint | null | Uint8Array;

export interface OpenOptions {
  /** SQLite itself refuses every change. The file must exist. */
  readOnly?: boolean;
  /** How long a statement waits for another connection, in milliseconds. */
  timeoutMs?: number;
}

/**
 * Opens the database at `path` (or `:memory:`), and creates it when missing, for this user only. Throws an error of SQLite.
 */
export function openSqlite(path: string, { readOnly = false, timeoutMs = 0 }: OpenOptions = {}): Database {
  if (!readOnly) makePrivate(path);
  return new DatabaseSync(path, { readOnly, timeout: timeoutMs, allowExtension: false });
}

const PRIVATE = 0o600;

/**
 * Takes the rights of everybody else on a database and its log, before SQLite opens it; a missing one is created, empty.
 * SQLite gives its write-ahead log the mode of the file.
 * Where that is not possible, SQLite says what is wrong with the path, or the file is somebody else's to protect.
 */
function makePrivate(path: string): void {
  if (path === ':memory:') return;
  try {
    // A database that is there is not opened: closing it would end the locks that this process has on it.
    if (!existsSync(path)) closeSync(openSync(path, 'ax', PRIVATE));
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      const mode = statSync(file, { throwIfNoEntry: false })?.mode;
      if (mode !== undefined && (mode & 0o077) !== 0) chmodSync(file, PRIVATE);
    }
  } catch {
    // Opening it is what counts.
  }
}

/** Runs `work` in a transaction, which holds the lock for writing from its beginning. */
export function inTransaction<T>(database: Database, work: () => T): T {
  database.exec('begin immediate');
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

type Parameters = (SqlValue | Record<string, SqlValue>)[];

/** The rows that a query gives; their type is what its columns are. */
export const rowsOf = <Row>(database: Database, sql: string, ...parameters: Parameters): Row[] =>
  database.prepare(sql).all(...parameters) as Row[];

export const rowOf = <Row>(database: Database, sql: string, ...parameters: Parameters): Row | undefined =>
  database.prepare(sql).get(...parameters) as Row | undefined;

/** SQLite's result codes (https://sqlite.org/rescode.html) that are told apart, and what it says with them. */
const RESULTS = {
  1: 'SQL logic error',
  5: 'database is locked',
  7: 'out of memory',
  8: 'attempt to write a readonly database',
  11: 'database disk image is malformed',
  13: 'database or disk is full',
  18: 'string or blob too big',
  20: 'datatype mismatch',
  26: 'file is not a database',
};

/** The primary result code; undefined: the error is none of SQLite's. */
export function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  if (!('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return undefined;
  // Errors of `all` and `iterate` have no number.
  const [code = '1'] = Object.entries(RESULTS).find(([, text]) => error.message.includes(text)) ?? [];
  return Number(code);
}

/** Whether an error of SQLite means that the file is damaged. */
export function isDamage(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === 11 || code === 26;
}

/** Of the operating system; with it SQLite fails as `disk I/O error` where it makes its shared memory. */
const { ENOSPC } = osConstants.errno;

/** `SQLITE_FULL`, or `SQLITE_IOERR` where the system says that the disk is full. */
export const isFull = (error: unknown): boolean =>
  resultCodeOf(error) === 13 ||
  (resultCodeOf(error) === 10 && error instanceof Error && 'systemErrno' in error && error.systemErrno === ENOSPC);

export const isBusy = (error: unknown): boolean => resultCodeOf(error) === 5;

/** The first damage that a quick check finds; undefined: there is none. A gigabyte takes a second or two. */
export function findDamage(database: Database): string | undefined {
  try {
    const found = whileBusy(() => rowOf<{ quick_check: string }>(database, 'pragma quick_check(1)'));
    return found?.quick_check === 'ok' ? undefined : found?.quick_check;
  } catch (error) {
    if (isDamage(error)) return messageOf(error);
    throw error;
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

/** The lock is released at the next access. */
const endLog = (database: Database) =>
  database.exec('pragma journal_mode = delete; pragma locking_mode = normal; select count(*) from sqlite_schema');

/**
 * Closes a database that may be damaged, or whose file is gone or about to be renamed: SQLite then leaves alone whatever
 * has its name by the time that the connection ends. That is after the last of its statements was garbage-collected, which
 * happens here, for all that nobody holds any longer once the work at hand is done.
 */
export function abandonDatabase(database: Database): void {
  try {
    endLog(database);
  } catch {
    // Its log is with the file, or in what was read from it before.
  } finally {
    database.close();
    setFlagsFromString('--expose-gc');
    setImmediate(() => runInNewContext('gc()'));
  }
}
