/** The embedded database: opening it, its durability settings, and its schema. */
import LibsqlDatabase from 'libsql';
import { messageOf, systemError } from '../../lib/errors/app-error.js';

export type Database = LibsqlDatabase.Database;

/** Grows with every change of the tables that older versions can't read. */
const SCHEMA_VERSION = 1;

/**
 * Opens (or creates) the store for this process alone. `path`: a file, or `:memory:`.
 * Throws `QUEUE_STORE_LOCKED` when another process has it, `QUEUE_STORE_UNUSABLE` when it is no store of ours.
 */
export function openDatabase(path: string): Database {
  let database: Database | undefined;
  try {
    database = new LibsqlDatabase(path);
    // One process only: without shared memory the write-ahead log is faster, and a second server fails at once.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    // FULL: a commit returns after fsync, so an acknowledged message survives a power cut too.
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA wal_autocheckpoint = 4000');
    prepareSchema(database, path);
    return database;
  } catch (error) {
    database?.close();
    if (/locked|busy/i.test(messageOf(error))) {
      throw systemError('QUEUE_STORE_LOCKED', `The queue store ${path} is in use by another process.`, {
        hint: 'Stop the other queue server, or give this one its own file.',
        cause: error,
      });
    }
    throw systemError('QUEUE_STORE_UNUSABLE', `Can't open the queue store ${path}: ${messageOf(error)}`, {
      hint: 'Check that the folder exists and can be written, or give another file.',
      cause: error,
    });
  }
}

/** Closes the store and lets others have it, which closing alone does only once every statement has been collected. */
export function closeDatabase(database: Database): void {
  database.exec('PRAGMA journal_mode = DELETE');
  database.exec('PRAGMA locking_mode = NORMAL');
  // The lock goes with the next access.
  database.exec('SELECT count(*) FROM queues');
  database.close();
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
    CREATE TABLE IF NOT EXISTS deduplication (
      queue INTEGER NOT NULL, scope TEXT NOT NULL, id TEXT NOT NULL,
      message TEXT NOT NULL, seq INTEGER NOT NULL, expires INTEGER NOT NULL,
      PRIMARY KEY (queue, scope, id)
    ) WITHOUT ROWID;
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT;
  `);
}
