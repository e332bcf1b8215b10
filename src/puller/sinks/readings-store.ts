/**
 * The store sink: keeps every reading once (by execution, sequence and timestamp) in an SQLite database for your own
 * queries: `sqlite3 .wasm-sensors/readings.db 'select region, count(*) from readings group by region'`.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import type { FleetDump } from '../../fleet/fleet.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { Message, Reading } from '../../protocol/message.js';
import type { Delivery, Sink, SinkResult } from './sink.js';

const SCHEMA = `
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
  -- a node that was started again counts its sensor's readings from 1 again
  unique (execution_id, sequence, timestamp)
);
create table if not exists messages (   -- other JSON objects, such as those sent with curl
  id text primary key,
  received_at integer not null,
  body text not null
);
create index if not exists messages_by_time on messages (received_at);
create table if not exists checkpoint (id integer primary key check (id = 1), last_reading integer not null, fleet text not null);
`;

/** A stored reading. */
export interface StoredReading {
  id: number;
  reading: Reading;
  /** JSON of the reported configuration, or null. */
  config: string | null;
  receivedAt: number;
}

/** A stored message that is no reading. `id`: its place in the table, which is not the queue's id. */
export interface StoredMessage {
  id: number;
  message: Message;
  receivedAt: number;
}

/** How far the store has been read: the last reading, and the last message. */
export interface StorePosition {
  reading: number;
  message: { receivedAt: number; id: number };
}

/** Readings deleted at a time: this takes some tens of milliseconds, during which nothing else is stored. */
const MAX_FORGOTTEN = 10_000;

type Row = Reading & { id: number; received_at: number; sensor_config: string | null };

export class StoreSink implements Sink {
  readonly name = 'store';
  readonly required = true;
  readonly path: string;
  readonly #db: Database.Database;
  readonly #insertReading: Database.Statement;
  readonly #insertMessage: Database.Statement;

  /** `path`: the database file, created when missing. Throws `STORE_UNUSABLE`. */
  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true });
    [this.#db, this.#insertReading, this.#insertMessage] = withStoreErrors(path, () => {
      const db = new Database(path);
      db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000;');
      // Readings change many pages of the unique index. With rare checkpoints a page is written once for many changes.
      db.exec('pragma wal_autocheckpoint = 4000; pragma cache_size = -32768;');
      db.exec(SCHEMA);
      return [
        db,
        db.prepare(
          'insert into readings (received_at, execution_id, sequence, job_id, hostname, region, timestamp, color, icon_name, job_submission_time, sensor_config) values (?,?,?,?,?,?,?,?,?,?,?) on conflict do nothing',
        ),
        db.prepare('insert into messages (id, received_at, body) values (?,?,?) on conflict do nothing'),
      ];
    });
  }

  /** One transaction for the group, synced to disk before it returns. */
  accept(deliveries: Delivery[]): SinkResult[] {
    this.#db.exec('begin immediate');
    try {
      for (const { id, body, reading: r, config, receivedAt } of deliveries) {
        if (!r) this.#insertMessage.run(id, receivedAt, body);
        else {
          this.#insertReading.run(
            receivedAt,
            r.execution_id,
            r.sequence,
            r.job_id,
            r.hostname,
            r.region,
            r.timestamp,
            r.color,
            r.icon_name,
            r.job_submission_time,
            config ? JSON.stringify(config) : null,
          );
        }
      }
      this.#db.exec('commit');
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('rollback');
      throw error;
    }
    return deliveries.map(() => undefined);
  }

  /** The place before everything received at or after `since` (Unix milliseconds), but before at most `limit` of a kind. */
  positionAt(since: number, limit: number): StorePosition {
    const { newest } = this.#db.prepare('select coalesce(max(id), 0) as newest from readings').get() as {
      newest: number;
    };
    const beyond = this.#db
      .prepare(
        'select rowid as id, received_at from messages where received_at >= ? order by 2 desc, 1 desc limit 1 offset ?',
      )
      .get(since, limit) as { id: number; received_at: number } | undefined;
    return {
      reading: Math.max(this.#firstSince(since) - 1, newest - limit),
      message: beyond ? { receivedAt: beyond.received_at, id: beyond.id } : { receivedAt: since, id: 0 },
    };
  }

  /** Readings in order of arrival. */
  readingsAfter(id: StorePosition['reading'], limit: number): StoredReading[] {
    const rows = this.#db.prepare('select * from readings where id > ? order by id limit ?').all(id, limit);
    return (rows as Row[]).map(toStored);
  }

  /** Messages in order of arrival. */
  messagesAfter({ receivedAt, id }: StorePosition['message'], limit: number): StoredMessage[] {
    const rows = this.#db
      .prepare(
        `select rowid as id, received_at, body from messages where received_at >= ?1 and (received_at > ?1 or rowid > ?2)
         order by received_at, rowid limit ?3`,
      )
      .all(receivedAt, id, limit) as { id: number; received_at: number; body: string }[];
    return rows.map((row) => ({
      id: row.id,
      message: JSON.parse(row.body) as Message,
      receivedAt: row.received_at,
    }));
  }

  /** Stores the fleet view: after a restart only later readings are read. */
  saveCheckpoint(fleet: FleetDump): void {
    const { last } = this.#db.prepare('select coalesce(max(id), 0) as last from readings').get() as { last: number };
    this.#db
      .prepare('insert or replace into checkpoint (id, last_reading, fleet) values (1, ?, ?)')
      .run(last, JSON.stringify(fleet));
  }

  /** The last checkpoint, and every reading after it in order of arrival. */
  loadCheckpoint(): { fleet: FleetDump; after: Iterable<StoredReading> } {
    const row = this.#db.prepare('select last_reading, fleet from checkpoint').get() as
      | { last_reading: number; fleet: string }
      | undefined;
    const rows = this.#db.prepare('select * from readings where id > ? order by id').iterate(row?.last_reading ?? 0);
    const stored = row ? JSON.parse(row.fleet) : [];
    // Older versions stored only the array of sensors.
    const fleet: FleetDump = Array.isArray(stored) ? { sensors: stored, retired: {} } : stored;
    return { fleet, after: mapRows(rows as Iterable<Row>) };
  }

  /** Deletes what was received before `before`, at most {@link MAX_FORGOTTEN} readings. Returns the number of rows. */
  forget(before: number): number {
    // The newest reading stays, so that SQLite never reuses an id after the last checkpoint. The condition on received_at
    // protects young readings when the clock was set back, which misleads #firstSince.
    const readings = this.#db.prepare(
      `delete from readings where id in (
         select id from readings where id < ? and id < (select max(id) from readings) and received_at < ?
         order by id limit ${MAX_FORGOTTEN}
       )`,
    );
    return (
      readings.run(this.#firstSince(before), before).changes +
      this.#db.prepare('delete from messages where received_at < ?').run(before).changes
    );
  }

  /**
   * The first id of readings received at or after `time`: ids follow the order of arrival. Approximate when the clock was
   * set back.
   */
  #firstSince(time: number): number {
    const next = this.#db.prepare('select id, received_at from readings where id >= ? order by id limit 1');
    const { low, high } = this.#db
      .prepare('select coalesce(min(id), 1) as low, coalesce(max(id), 0) as high from readings')
      .get() as { low: number; high: number };
    let from = low;
    let to = high + 1;
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      const row = next.get(middle) as { id: number; received_at: number };
      if (row.received_at < time) from = row.id + 1;
      else to = middle;
    }
    return from;
  }

  count(): number {
    return (this.#db.prepare('select count(*) as n from readings').get() as { n: number }).n;
  }

  close(): void {
    this.#db.close();
  }
}

function* mapRows(rows: Iterable<Row>): Iterable<StoredReading> {
  for (const row of rows) yield toStored(row);
}

function toStored({ id, received_at, sensor_config, ...reading }: Row): StoredReading {
  return { id, reading, config: sensor_config, receivedAt: received_at };
}

/** Runs the first use of the store at `path`. Throws `STORE_UNUSABLE` when the file is not a usable store. */
export function withStoreErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isStoreError(cause)) throw cause;
    throw new AppError('STORE_UNUSABLE', `can't use the store ${path}: ${messageOf(cause)}`, {
      cause,
      hint: `It must be an SQLite file of readings in a writable folder. Fix that, or move it away (with ${path}-wal and -shm if they exist), and a new store is created. \`sqlite3 FILE .recover\` saves what is readable.`,
    });
  }
}

function isStoreError(error: unknown): boolean {
  // The checkpoint is not JSON.
  if (error instanceof SyntaxError) return true;
  // A file that can't be opened has no code in libsql.
  return /^SQLITE_/.test((error as { code?: string }).code ?? '') || /ConnectionFailed/.test(messageOf(error));
}
