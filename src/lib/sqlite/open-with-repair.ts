/** Opens a database only after a check. A damaged one is quarantined, and what can be read of it goes into a new one. */
import { closeSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { messageOf } from '../errors/app-error.js';
import { abandonDatabase, findDamage } from './check-database.js';
import { type Database, isDamage, openSqlite } from './driver.js';
import { beginSalvage, finishRewrite, type OpenDatabase, quarantineDatabase } from './rewrite-database.js';
import type { Salvaged } from './salvage.js';

/** A database was damaged: it is kept at `quarantined`, and a new one has the rows that could be read, by table. */
export interface DatabaseQuarantined {
  type: 'database-quarantined';
  path: string;
  quarantined: string;
  /** What was found first, in SQLite's words where they are. */
  problem: string;
  salvaged: Salvaged;
}

/**
 * Opens the database at `path` with `open`. A file that is empty, damaged or none of SQLite's is replaced, and
 * `onEvent` gets the event. A missing file is created, unless its write-ahead log is still there. Throws what `open` throws.
 * `checkedUpTo`: a file of more bytes gets no quick check here; for those whose owner checks them in the background.
 */
export function openWithRepair(
  path: string,
  open: OpenDatabase,
  onEvent: (event: DatabaseQuarantined) => void,
  checkedUpTo = Number.POSITIVE_INFINITY,
): Database {
  if (path === ':memory:') return open(path);
  finishRewrite(path);
  const problem = findFileDamage(path) ?? findDamageAt(path, checkedUpTo);
  if (problem === undefined) return open(path);
  const quarantined = quarantineDatabase(path);
  const salvaged = salvageFrom(quarantined, path, open);
  finishRewrite(path);
  const database = open(path);
  onEvent({ type: 'database-quarantined', path, quarantined, problem, salvaged });
  return database;
}

/**
 * What is wrong with a file that SQLite would not call damaged; undefined: nothing. It opens no file: closing one that this
 * process has open would end the locks of SQLite.
 */
export function findFileDamage(path: string): string | undefined {
  // What is no file is for SQLite to refuse.
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const size = sizeOf(path);
  // SQLite would delete the write-ahead log of an empty or missing file, with all that is in it.
  if (size === undefined) return sizeOf(`${path}-wal`) ? 'the file is gone' : undefined;
  return size === 0 ? 'the file is empty' : undefined;
}

/** The check has a connection of its own, so that nothing holds on to a file that is then quarantined. */
function findDamageAt(path: string, checkedUpTo: number): string | undefined {
  const size = sizeOf(path);
  if (size === undefined) return undefined;
  let database: Database | undefined;
  try {
    database = openSqlite(path);
    if (size <= checkedUpTo) return findDamage(database);
    database.prepare('PRAGMA schema_version').get();
    return undefined;
  } catch (error) {
    // Else it is such as a lock, or a path that can't be opened: `open` reports it in its own words.
    return isDamage(error) ? messageOf(error) : undefined;
  } finally {
    if (database) abandonDatabase(database);
  }
}

function salvageFrom(quarantined: string, path: string, open: OpenDatabase): Salvaged {
  // In a database that is still small the write-ahead log has every page. SQLite reads it beside a file of one page.
  if (!sizeOf(quarantined) && sizeOf(`${quarantined}-wal`)) {
    closeSync(openSync(quarantined, 'a'));
    truncateSync(quarantined, readStart(`${quarantined}-wal`, 12).readUInt32BE(8));
  }
  if (!sizeOf(quarantined)) return {};
  const source = openSqlite(quarantined);
  try {
    return beginSalvage(source, path, open);
  } finally {
    abandonDatabase(source);
  }
}

const sizeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.size;

function readStart(path: string, length: number): Buffer {
  const start = Buffer.alloc(length);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, start, 0, length, 0);
  } finally {
    closeSync(fd);
  }
  return start;
}
