/** The SQLite database of the queue server: opening it, its durability settings, its schema and the records of queues. */
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { type Database, isBusy, isFull, openSqlite, rowOf, rowsOf } from '../../lib/sqlite/driver.js';

export interface QueueRecord {
  id: number;
  name: string;
  /** As the caller set them; what is missing has its default. */
  attributes: Record<string, string>;
  tags: Record<string, string>;
  /** Unix milliseconds. */
  created: number;
  modified: number;
}

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
      hint: isFull(error)
        ? 'Free some space; what the store holds is kept.'
        : 'Check that the folder exists and is writable, or give another file.',
      cause: error,
    });
  }
}

function prepareSchema(database: Database, path: string): void {
  const version = rowOf<{ user_version: number }>(database, 'PRAGMA user_version')!.user_version;
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

export const readQueues = (database: Database): QueueRecord[] =>
  rowsOf<Omit<QueueRecord, 'attributes' | 'tags'> & { attributes: string; tags: string }>(
    database,
    'SELECT * FROM queues ORDER BY name',
  ).map((row) => ({ ...row, attributes: JSON.parse(row.attributes), tags: JSON.parse(row.tags) }));

/** Call it, and those below, in a transaction. Returns the record with its id. */
export function insertQueue(database: Database, queue: Omit<QueueRecord, 'id'>): QueueRecord {
  const { name, attributes, tags, created, modified } = queue;
  const sql = 'INSERT INTO queues (name, attributes, tags, created, modified) VALUES (?, ?, ?, ?, ?) RETURNING id';
  const values = [name, JSON.stringify(attributes), JSON.stringify(tags), created, modified];
  return { ...queue, id: rowOf<{ id: number }>(database, sql, ...values)!.id };
}

export function updateQueue(database: Database, { id, attributes, tags, modified }: QueueRecord): void {
  const statement = database.prepare('UPDATE queues SET attributes = ?, tags = ?, modified = ? WHERE id = ?');
  statement.run(JSON.stringify(attributes), JSON.stringify(tags), modified, id);
}

/** With all its messages. */
export const deleteQueue = (database: Database, id: number): void =>
  database.exec(`
    DELETE FROM queues WHERE id = ${id};
    DELETE FROM damaged_messages WHERE queue = ${id};
    DROP TABLE IF EXISTS messages_${id};
  `);
