/** The tables of the store of readings, and what makes a store of an earlier version one of this version. */
import type { Database } from '../../lib/sqlite/driver.js';
import { ROLL_UP_TABLES } from '../history/roll-up-schema.js';
import { unusableStore } from './store-errors.js';

/** `pragma user_version`. Increase it with every change of the tables; stores before 1 have 0. */
const SCHEMA_VERSION = 2;

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
  checksum integer,                     -- of the other columns but id
  -- a node that was started again counts its sensor's readings from 1 again
  unique (execution_id, sequence, timestamp)
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

/** Columns that stores before version 1 do not have; they are null in their rows. */
const ADDED = {
  readings: ['measured_values', 'elapsed_at', 'checksum'],
  messages: ['elapsed_at', 'checksum'],
  checkpoint: ['checksum'],
};

/** Makes the tables, or brings them up to date, in one transaction. Throws `STORE_UNUSABLE`, or an error of the database. */
export function prepareSchema(db: Database, path: string): void {
  const { user_version: version } = db.prepare('pragma user_version').get() as { user_version: number };
  if (version > SCHEMA_VERSION) throw unusableStore(path, 'it was written by a newer version of wasm-sensors');
  db.exec('begin immediate');
  try {
    db.exec(TABLES);
    db.exec(ROLL_UP_TABLES);
    if (version < 1) {
      for (const [table, columns] of Object.entries(ADDED)) addMissingColumns(db, path, table, columns);
      db.exec('create index if not exists messages_by_elapsed on messages (coalesce(elapsed_at, received_at))');
    }
    db.exec(`pragma user_version = ${SCHEMA_VERSION}`);
    db.exec('commit');
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

function addMissingColumns(db: Database, path: string, table: string, columns: string[]): void {
  const present = (db.prepare(`pragma table_info(${table})`).all() as { name: string }[]).map(({ name }) => name);
  if (!present.some((name) => name === 'received_at' || name === 'last_reading')) {
    throw unusableStore(path, `its table ${table} is of another program`);
  }
  for (const column of columns.filter((name) => !present.includes(name))) {
    db.exec(`alter table ${table} add column ${column} ${column === 'measured_values' ? 'text' : 'integer'}`);
  }
}
