/**
 * Copies a store from a file to a database of PostgreSQL. Rows keep their ids, so that whoever is killed amid it goes on behind
 * the last reading there, and the view of the fleet goes on with the readings after its checkpoint. Readings that are copied
 * count as rolled up at once; the roll-ups, which have more than the readings, are copied, too.
 */
import { existsSync } from 'node:fs';
import type { FleetDump } from '../fleet/fleet.js';
import { AppError } from '../lib/errors/app-error.js';
import {
  closeDatabase,
  isBusy,
  isDamage,
  openSqlite,
  resultCodeOf,
  rowOf,
  rowsOf,
  type Database as Sqlite,
  type SqlValue,
} from '../lib/sqlite/driver.js';
import { allShards, shardOf } from '../protocol/shard.js';
import { MINUTE_MS } from './history.js';
import { Database, PULLER_NAME, type Run } from './postgres/database.js';
import { HeldShard } from './postgres/held-shard.js';
import { DAY_MS, makePartitions } from './postgres/partitions.js';
import { prepareReader } from './postgres/reader-role.js';
import { prepareSchema } from './postgres/schema.js';
import { intactText, MESSAGE_COLUMNS, READING_COLUMNS, type RowBytes, selectBytes } from './sqlite/rows.js';
import { SqliteStore } from './sqlite/sqlite-store.js';

const AT_ONCE = 5_000;
/** Of days that are further away, which wrong clocks make, no table is made. */
const DAYS_BACK = 800;

export interface CopiedTable {
  table: string;
  /** Rows in the file that are what was written. */
  from: number;
  to: number;
}

type Row = Record<string, SqlValue | object>;

interface Table {
  name: string;
  /** A number or time first; the database has one row of each. */
  key: [string, ...string[]];
  /** What the file is asked for. */
  columns: string;
  from?: string;
  /** What is there already is written again where this differs; else a copy goes on behind the last key. */
  merged?: string[];
}

const ARRIVED = 'coalesce(elapsed_at, received_at) as elapsed_at';
/** Numbers that the server can add up. */
const BOUNDED = 'max(min(coalesce(sum, 0), 1e296), -1e296) as sum';

const rollUps = (name: string, ...key: [string, ...string[]]): Table => ({
  name,
  key,
  columns: `${key.join(', ')}, count, min, max, ${BOUNDED}`,
  merged: ['count', 'min', 'max', 'sum'],
});

const TABLES: Table[] = [
  rollUps('region_minutes', 'minute', 'metric', 'region'),
  rollUps('region_hours', 'hour', 'metric', 'region'),
  { name: 'sensor_series', key: ['id'], columns: 'id, hostname, metric, region' },
  rollUps('sensor_minute_rows', 'minute', 'series'),
  rollUps('sensor_hour_rows', 'hour', 'series'),
  {
    name: 'roll_up_days',
    key: ['day', 'level'],
    columns: '*',
    from: `(select start - start % ${DAY_MS} as day, iif(length = ${MINUTE_MS}, 'minutes', 'hours') as level,
      max(elapsed_at) as elapsed_at from roll_up_periods group by 1, 2)`,
    merged: ['elapsed_at'],
  },
  {
    name: 'messages',
    key: ['number'],
    columns: `number, 0 as shard, id, received_at, body, ${ARRIVED}, ${selectBytes(MESSAGE_COLUMNS)}`,
    from: '(select rowid as number, * from messages)',
  },
  {
    name: 'readings',
    key: ['id'],
    columns: `id, ${READING_COLUMNS.slice(0, -1).join(', ')}, ${ARRIVED}, ${selectBytes(READING_COLUMNS)}`,
  },
];

/**
 * `path`: of the file; `location`: the URL. Rejects with `NO_STORE`, with `STORE_IN_USE` where a puller uses one of them or has
 * stored there since, and as the stores do.
 */
export async function copyStore(
  path: string,
  location: string,
  shards: number,
  onProgress: (table: string, rows: number) => void,
): Promise<CopiedTable[]> {
  const store = openAlone(path);
  const database = new Database(location, 'wasm-sensors store copy');
  try {
    const held = await takeDatabase(database, store, shards);
    const counts: CopiedTable[] = [];
    for (const table of TABLES) counts.push(await copyTable(held, store.database, table, shards, onProgress));
    return counts;
  } finally {
    await database.close();
    closeDatabase(store.database);
  }
}

/** Keeps every puller out until it is closed, and rolls up what waits. */
function openAlone(path: string): SqliteStore {
  if (!existsSync(path)) throw new AppError('NO_STORE', `there is no store at ${path}`);
  if (!isStore(path)) throw new AppError('NO_STORE', `${path} is not a store of readings`);
  const store = new SqliteStore(path);
  try {
    // To leave its log a file must be open nowhere else.
    store.database.exec('pragma locking_mode = exclusive; pragma journal_mode = delete; begin exclusive; commit');
  } catch (error) {
    store.close();
    if (!isBusy(error)) throw error;
    throw inUse(`a puller uses ${path}, or somebody reads it`, 'Stop it; what is sent meanwhile waits in the queue.');
  }
  for (let now = 0; store.rollUp(now) || store.notRolledUp > 0; now += MINUTE_MS);
  return store;
}

/** Checked before the store is opened for writing: that would move a file that is no database aside, and make a new store. */
function isStore(path: string): boolean {
  const file = openSqlite(path, { readOnly: true });
  try {
    // A prepared statement would keep its connection, and so its lock on the file, until it is garbage-collected.
    file.exec('select 1 from readings limit 0');
    return true;
  } catch (error) {
    return resultCodeOf(error) !== 1 && !isDamage(error);
  } finally {
    file.close();
  }
}

const inUse = (message: string, hint: string) => new AppError('STORE_IN_USE', message, { hint });

/** Becomes the owner, where no puller is, and lets later readings come after those of the file. */
async function takeDatabase(database: Database, store: SqliteStore, shards: number): Promise<HeldShard> {
  const { run } = database;
  const file = store.database;
  const last = store.lastReading();
  const { fleet, after } = store.loadCheckpoint();
  const [next] = after;
  const seen = next ? next.id - 1 : last;
  await prepareSchema(database, shards);
  await prepareReader(database);
  await refuseUsed(run, file, last);
  const held = await HeldShard.take(database, 0);
  for (const shard of allShards(shards).slice(1)) await HeldShard.take(database, shard);
  const days = rowsOf<{ day: number }>(
    file,
    `select distinct start - start % ${DAY_MS} as day from roll_up_periods where start between ?1 - ${DAYS_BACK * DAY_MS} and ?1 + ${DAY_MS}`,
    Date.now(),
  );
  for (const { day } of days) await makePartitions(held, day);
  const [mark] = rowsOf<SqlValue[]>(file, 'select elapsed, wall, offset from clock').map(Object.values);
  await held.mine(async (own) => {
    await own('update roll_up_progress set regions = $1, sensors = $1', [last]);
    await own("select setval(pg_get_serial_sequence('readings', 'id'), $1)", [Math.max(last, 1)]);
    if (mark) await own('insert into clock select shard, $1, $2, $3 from shards on conflict do nothing', mark);
    const save =
      'insert into checkpoint values ($1, $2, $3) on conflict (shard) do update set last_reading = $2, fleet = $3';
    for (const shard of allShards(shards)) await own(save, [shard, seen, JSON.stringify(partOf(fleet, shard, shards))]);
  });
  return held;
}

/** The hosts of a shard; the first has what is of no host. */
function partOf({ sensors, retired, relays = [], ...fleet }: FleetDump, shard: number, shards: number): FleetDump {
  const own = sensors.filter(({ reading }) => shardOf(reading.hostname, shards) === shard);
  return { ...fleet, sensors: own, retired: shard === 0 ? retired : {}, relays: shard === 0 ? relays : [] };
}

/** Only what an earlier copy of the same file has left may be there. */
async function refuseUsed(run: Run, file: Sqlite, last: number): Promise<void> {
  const [puller] = await run<{ at: string | null }>(
    `select host(client_addr) as at from pg_stat_activity
     where datname = current_database() and application_name = '${PULLER_NAME}' limit 1`,
  );
  if (puller)
    throw inUse(`a puller uses the database${puller.at ? ` from ${puller.at}` : ''}`, 'Stop it, and copy again.');
  const newest = `select newest.* from shards as s cross join lateral (
       select id, execution_id, sequence from readings where shard = s.shard order by id desc limit 1
     ) as newest order by id desc limit 1`;
  const [there] = await run<{ id: number; execution_id: string; sequence: number }>(newest);
  if (!there) return;
  const same = 'select 1 from readings where id = ? and execution_id = ? and sequence = ?';
  if (there.id <= last && rowOf(file, same, there.id, there.execution_id, there.sequence)) return;
  throw inUse(
    'the database has readings that are not of this file: a puller has used it',
    'Copy into a new database, before a puller uses it.',
  );
}

async function copyTable(
  held: HeldShard,
  file: Sqlite,
  { name, key, columns, from = name, merged }: Table,
  shards: number,
  onProgress: (table: string, rows: number) => void,
): Promise<CopiedTable> {
  const [first] = key;
  const page = `select ${columns} from ${from} where (${key.join()}) > (${key.map(() => '?').join()}) order by ${key.join()} limit ${AT_ONCE}`;
  const [there] = await held.run<{ last: number }>(`select coalesce(max(${first}), -1) as last from ${name}`);
  let after: SqlValue[] = key.map((_, i) => (i > 0 ? '' : merged ? Number.MIN_SAFE_INTEGER : there!.last));
  let damaged = 0;
  let copied = 0;
  for (;;) {
    onProgress(name, copied);
    const rows = rowsOf<Row & RowBytes>(file, page, ...after);
    const last = rows.at(-1);
    if (last === undefined) break;
    after = key.map((column) => last[column] as SqlValue);
    const intact = rows.filter((row) => row.bytes === undefined || intactText(row) !== undefined);
    damaged += rows.length - intact.length;
    if (intact.length > 0)
      await write(
        held,
        name,
        key,
        merged,
        intact.map((row) => rowOfServer(row, shards)),
      );
    copied += intact.length;
  }
  // What retention has deleted from the file since an earlier copy may be in the database.
  const kept = `select count(*) as rows, coalesce(min(${first}), 0) as first from ${from}`;
  const counted = rowOf<{ rows: number; first: number }>(file, kept);
  const [found] = await held.run<{ rows: number }>(`select count(*) as rows from ${name} where ${first} >= $1`, [
    counted!.first,
  ]);
  return { table: name, from: counted!.rows - damaged, to: found!.rows };
}

function write(
  held: HeldShard,
  name: string,
  key: string[],
  merged: string[] | undefined,
  rows: Row[],
): Promise<unknown> {
  const columns = Object.keys(rows[0]!).join();
  const old = (column: string) => `t.${column}`;
  const set = merged?.map((column) => `${column} = excluded.${column}`).join();
  const update = `(${key.join()}) do update set ${set} where ${old(merged?.[0] ?? '')} <> excluded.${merged?.[0]}`;
  const insert = `insert into ${name} as t (${columns}) overriding system value
    select ${columns} from json_populate_recordset(null::${name}, $1) on conflict ${merged ? update : 'do nothing'}`;
  return held.mine((run) => run(insert, [JSON.stringify(rows)]));
}

/** A reading has JSON where the file has its text, and a number of when it was taken. */
function rowOfServer({ bytes: _, checksum: __, ...row }: Row & Partial<RowBytes>, shards: number): Row {
  if (!('measured_values' in row)) return row;
  const { measured_values: measured, timestamp } = row;
  const taken = Date.parse(String(timestamp));
  const values = typeof measured === 'string' ? JSON.parse(measured) : null;
  const shard = shardOf(String(row.hostname), shards);
  return { ...row, shard, measured_values: values, taken_at: Number.isNaN(taken) ? 0 : taken };
}
