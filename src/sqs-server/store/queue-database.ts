/** The SQLite database of the queue server: opening it, its durability settings and its schema. */
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { type Database, isBusy, openSqlite } from '../../lib/sqlite/driver.js';

export type { Database };

/** Increase it with every change of the tables that older versions can't read. */
const SCHEMA_VERSION = 1;

/**
 * Opens (or creates) the store for this process alone. `path`: a file, or `:memory:`.
 * Throws `QUEUE_STORE_LOCKED` when another process holds it, `QUEUE_STORE_UNUSABLE` when it is not a queue store.
 */
export function openDatabase(path: string): Database {
  let database: Database | undefined;
  try {
    database = openSqlite(path);
    // One process only: without shared memory the write-ahead log is faster, and a second server fails at once.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    // FULL: a commit returns after fsync, so an acknowledged message survives a power cut.
    database.exec('PRAGMA synchronous = FULL');
    prepareSchema(database, path);
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) {
      throw new AppError('QUEUE_STORE_LOCKED', `The queue store ${path} is in use by another process.`, {
        hint: 'Stop the other queue server, or give this one its own file.',
        cause: error,
      });
    }
    throw new AppError('QUEUE_STORE_UNUSABLE', `Can't open the queue store ${path}: ${messageOf(error)}`, {
      hint: 'Check that the folder exists and is writable, or give another file.',
      cause: error,
    });
  }
}

function prepareSchema(database: Database, path: string): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > SCHEMA_VERSION) throw new Error(`${path} was written by a newer version of wasm-sensors`);
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS queues (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      attributes TEXT NOT NULL,
      tags TEXT NOT NULL,
      created INTEGER NOT NULL,
      modified INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS clock (
      id INTEGER PRIMARY KEY CHECK (id = 1), elapsed INTEGER NOT NULL, wall INTEGER NOT NULL, "offset" INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS damaged_messages (
      queue INTEGER NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL, id TEXT, body TEXT, attributes TEXT, meta TEXT,
      sent INTEGER, PRIMARY KEY (queue, seq)
    );
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT;
  `);
}
