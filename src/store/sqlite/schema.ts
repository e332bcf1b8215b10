/** The tables of the store of readings, and what makes a store of an earlier version one of this version. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Database, inTransaction, openSqlite, rowOf, rowsOf } from '../../lib/sqlite/driver.js';
import { ROLL_UP_TABLES } from './roll-up-tables.js';
import { unusableStore } from './store-errors.js';

/** `pragma user_version`. Increase it with every change of the tables; stores before 1 have 0. */
const SCHEMA_VERSION = 3;

const TABLES = `
create table if not exists readings (
  id integer primary key,
  received_at integer not null,         -- Unix milliseconds
  execution_id text not null,
  sequence integer not null,
  job_id text not null,
  hostname text not null,
  region text not null,
  timestamp text not null,              -- when it was taken, as sent
  color text not null,
  icon_name text not null,
  job_submission_time integer not null, -- Unix milliseconds
  sensor_config text,                   -- what the sensor reported, as JSON
  measured_values text,                 -- by name, as a JSON object
  elapsed_at integer,                   -- received_at by a clock that only passing time moves
  checksum integer,                     -- of the columns before it but id
  taken_at integer,                     -- the timestamp in Unix milliseconds; without one received_at
  -- A node that was started again counts its sensor's readings from 1 again. With the time first, those that arrive
  -- together are neighbours in the index: each would change a page of its own otherwise, as in stores of earlier versions.
  unique (timestamp, execution_id, sequence)
);
create table if not exists messages (   -- other JSON objects, such as those sent with curl
  id text primary key,
  received_at integer not null,
  body text not null,
  elapsed_at integer,
  checksum integer
);
create index if not exists messages_by_time on messages (received_at);
create table if not exists checkpoint (
  id integer primary key check (id = 1),
  last_reading integer not null,
  fleet text not null,
  checksum integer
);
create table if not exists clock (      -- of elapsed_at, when it was last saved; milliseconds
  id integer primary key check (id = 1),
  elapsed integer not null,
  wall integer not null,
  offset integer not null
);
`;

/** Columns that stores of earlier versions do not have; they are null in their rows. */
const ADDED = {
  readings: ['measured_values', 'elapsed_at', 'checksum', 'taken_at'],
  messages: ['elapsed_at', 'checksum'],
  checkpoint: ['checksum'],
};

/** Opens a store for writing. Throws `STORE_UNUSABLE`, or an error of the database. */
export function openReadings(path: string): Database {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = openSqlite(path);
  // Whoever locks the file is waited for in short turns: in between the puller answers, and says why it stores nothing.
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 1000;');
  // Readings change many pages of the unique index. With rare checkpoints a page is written once for many changes.
  database.exec('pragma wal_autocheckpoint = 4000; pragma cache_size = -32768;');
  prepareSchema(database, path);
  return database;
}

/** Makes the tables, or brings them up to date, in one transaction. */
function prepareSchema(db: Database, path: string): void {
  const version = rowOf<{ user_version: number }>(db, 'pragma user_version')?.user_version ?? 0;
  if (version > SCHEMA_VERSION) throw unusableStore(path, 'it was written by a newer version of wasm-sensors');
  inTransaction(db, () => {
    db.exec(TABLES);
    db.exec(ROLL_UP_TABLES);
    if (version < SCHEMA_VERSION) upgrade(db, path);
    db.exec('insert or ignore into roll_up_progress values (1, 0, 0, null, 0, 0)');
    db.exec(`pragma user_version = ${SCHEMA_VERSION}`);
  });
}

/** Throws `STORE_UNUSABLE`. */
function upgrade(db: Database, path: string): void {
  for (const [table, columns] of Object.entries(ADDED)) {
    const present = rowsOf<{ name: string }>(db, `pragma table_info(${table})`).map(({ name }) => name);
    if (!present.some((name) => name === 'received_at' || name === 'last_reading')) {
      throw unusableStore(path, `its table ${table} is of another program`);
    }
    for (const column of columns.filter((name) => !present.includes(name))) {
      db.exec(`alter table ${table} add column ${column} ${column === 'measured_values' ? 'text' : 'integer'}`);
    }
  }
  db.exec('create index if not exists messages_by_elapsed on messages (coalesce(elapsed_at, received_at))');
}
