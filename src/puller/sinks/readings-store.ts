/**
 * The store sink: keeps every reading once (by execution, sequence and timestamp) in an SQLite database for your own
 * queries: `sqlite3 .wasm-sensors/readings.db 'select region, count(*) from readings group by region'`.
 */

import type { FleetDump } from '../../fleet/fleet.js';
import type { Database, Statement } from '../../lib/sqlite/driver.js';
import { type ClockMark, ElapsedClock } from '../../lib/time/elapsed-clock.js';
import { firstSince } from './first-since.js';
import type { Delivery, Sink, SinkResult } from './sink.js';
import { StoreFile, type StoreFileEvent } from './store-file.js';
import {
  bytesOf,
  checksumOf,
  intactText,
  MESSAGE_COLUMNS,
  parseMessageRow,
  parseReadingRow,
  READING_COLUMNS,
  type RowBytes,
  readingValues,
  type StoredMessage,
  type StoredReading,
  selectBytes,
  type Value,
} from './stored-rows.js';

/** Messages that are read at a time, by their text: one may have 1 MiB. */
const READ_AHEAD_BYTES = 262_144;

/** How far the store has been read: the last reading, and the last message. */
export interface StorePosition {
  reading: number;
  message: { receivedAt: number; id: number };
}

/** Readings deleted at a time: this takes some tens of milliseconds, during which nothing else is stored. */
const MAX_FORGOTTEN = 10_000;

/** Damaged rows are counted up to this number. */
const MAX_DAMAGED = 100_000;

type ReadingRow = RowBytes & { id: number };

/** When a row arrived, by the clock that only passing time moves. Rows of older versions have only the wall clock. */
const ARRIVED = 'coalesce(elapsed_at, received_at)';

export class StoreSink implements Sink {
  readonly name = 'store';
  readonly required = true;
  /** Rows that {@link forget} has deleted since the start. */
  forgotten = 0;
  /** Retention goes by it: a step of the wall clock does not make readings old. */
  readonly clock: ElapsedClock;
  /** Gets the readings that were stored, without duplicates, in order of their ids. */
  onStored: ((readings: StoredReading[]) => void) | undefined;
  /** How often the file was damaged, and written anew with what could be read of it. */
  salvages = 0;
  readonly #file: StoreFile;
  /** Rows that were found to be damaged: `table id`. */
  readonly #damaged = new Set<string>();
  /** The last reading whose checksum {@link verifySome} has compared. */
  #verified = 0;
  #inserts: { database: Database; reading: Statement; message: Statement } | undefined;

  /** `path` and `onEvent`: of {@link StoreFile}. The file is created when missing. Throws `STORE_UNUSABLE`. */
  constructor(path: string, onEvent?: (event: StoreFileEvent) => void) {
    const count = (event: StoreFileEvent) => {
      if (event.salvaged !== undefined) this.salvages++;
      onEvent?.(event);
    };
    this.#file = new StoreFile(path, onEvent && count);
    this.clock = new ElapsedClock(this.#clockMark());
  }

  get path(): string {
    return this.#file.path;
  }

  /** Another one after a repair. */
  get database(): Database {
    return this.#file.database;
  }

  /** How many rows are known not to be what was written; they are never shown. */
  get damagedRows(): number {
    return this.#damaged.size;
  }

  /** One transaction for the group, synced to disk before it returns, in the file that the next start will find. */
  accept(deliveries: Delivery[]): SinkResult[] {
    const stored = this.withRepair(() => this.#commit(deliveries));
    this.onStored?.(stored);
    this.protect();
    return deliveries.map(() => undefined);
  }

  #commit(deliveries: Delivery[]): StoredReading[] {
    const db = this.database;
    const stored: StoredReading[] = [];
    const inserts = this.#insertsInto(db);
    const elapsed = this.clock.now();
    db.exec('begin immediate');
    try {
      for (const { id, body, reading, config, receivedAt } of deliveries) {
        if (!reading) {
          write(inserts.message, [id, receivedAt, elapsed, body]);
          continue;
        }
        const reported = config ? JSON.stringify(config) : null;
        const { changes, lastInsertRowid } = write(
          inserts.reading,
          readingValues(reading, reported, receivedAt, elapsed),
        );
        if (changes > 0) stored.push({ id: Number(lastInsertRowid), reading, config: reported, receivedAt });
      }
      db.exec('commit');
      return stored;
    } catch (error) {
      if (db.isTransaction) db.exec('rollback');
      throw error;
    }
  }

  #insertsInto(database: Database) {
    if (this.#inserts?.database !== database) {
      this.#inserts = {
        database,
        reading: insertInto(database, 'readings', READING_COLUMNS),
        message: insertInto(database, 'messages', MESSAGE_COLUMNS),
      };
    }
    return this.#inserts;
  }

  /** Writes the file back when somebody has deleted it. Throws when that fails. */
  protect(): void {
    this.#file.protect();
  }

  /** Quarantines the file, and goes on with what can be read of it. */
  repair(problem: string): void {
    this.#file.repair(problem);
  }

  /** Runs `work`; when it meets damage, once more after a {@link repair}. */
  withRepair<T>(work: () => T): T {
    return this.#file.withRepair(work);
  }

  /** The place before everything received at or after `since` (Unix milliseconds), but before at most `limit` of a kind. */
  positionAt(since: number, limit: number): StorePosition {
    const beyond = this.database
      .prepare(
        'select rowid as id, received_at as receivedAt from messages where received_at >= ? order by 2 desc, 1 desc limit 1 offset ?',
      )
      .get(since, limit) as StorePosition['message'] | undefined;
    return {
      reading: Math.max(this.lastReadingBefore(since), this.lastReading() - limit),
      message: beyond ? { receivedAt: beyond.receivedAt, id: beyond.id } : { receivedAt: since, id: 0 },
    };
  }

  /** The newest reading's id; 0: there is none. */
  lastReading(): StorePosition['reading'] {
    const { id } = this.database.prepare('select coalesce(max(id), 0) as id from readings').get() as { id: number };
    return id;
  }

  /** The last reading that arrived before `since` (Unix milliseconds); below every id: there is none. */
  lastReadingBefore(since: number): StorePosition['reading'] {
    return firstSince(this.database, 'received_at', since) - 1;
  }

  /** Readings in order of arrival. Fewer than `limit` only when there are no more. */
  readingsAfter(id: StorePosition['reading'], limit: number): StoredReading[] {
    const select = this.database.prepare(
      `select id, ${selectBytes(READING_COLUMNS)} from readings where id > ? order by id limit ?`,
    );
    return fill(limit, id, (at, count) => {
      const rows = select.all(at, count) as ReadingRow[];
      return { rows: rows.length, last: rows.at(-1)?.id, intact: [...this.#intact(rows)] };
    });
  }

  /** Messages in order of arrival, read when they are asked for. Fewer than `limit` only when there are no more. */
  *messagesAfter(position: StorePosition['message'], limit: number): Iterable<StoredMessage> {
    const select = (columns: string) =>
      this.database.prepare(
        `select ${columns} from messages where (received_at, rowid) > (?, ?) order by received_at, rowid limit ?`,
      );
    // libsql's `iterate` reads a hundred rows ahead, which may be 100 MB. `octet_length` does not read the text.
    const selectSizes = select('rowid as id, received_at as receivedAt, octet_length(body) as size');
    const selectRows = select(`rowid as id, ${selectBytes(MESSAGE_COLUMNS)}`);
    let { receivedAt, id } = position;
    for (let left = limit; left > 0; ) {
      const sizes = selectSizes.all(receivedAt, id, left) as (StorePosition['message'] & { size: number })[];
      if (sizes.length === 0) return;
      let count = 0;
      for (let bytes = 0; count < sizes.length && bytes < READ_AHEAD_BYTES; count++) bytes += sizes[count]!.size;
      for (const row of selectRows.all(receivedAt, id, count) as ReadingRow[]) {
        const message = parseMessageRow(row.id, row);
        if (!message) this.#damage('messages', row.id);
        else if (left-- > 0) yield message;
      }
      ({ receivedAt, id } = sizes[count - 1]!);
    }
  }

  /** Stores the fleet view: after a restart only later readings are read. */
  saveCheckpoint(fleet: FleetDump): void {
    const insert = 'insert or replace into checkpoint (id, last_reading, fleet, checksum) values (1, ?, ?, ?)';
    write(this.database.prepare(insert), [this.lastReading(), JSON.stringify(fleet)]);
    this.#saveClock();
  }

  /** The last checkpoint, and every reading after it in order of arrival. Without an intact checkpoint: all readings. */
  loadCheckpoint(): { fleet: FleetDump; after: Iterable<StoredReading> } {
    const { last, fleet } = this.#checkpoint();
    const rows = this.database
      .prepare(`select id, ${selectBytes(READING_COLUMNS)} from readings where id > ? order by id`)
      .iterate(last);
    return { fleet, after: this.#intact(rows as Iterable<ReadingRow>) };
  }

  #checkpoint(): { last: number; fleet: FleetDump } {
    const none = { last: 0, fleet: { sensors: [], retired: {} } };
    const row = this.database
      .prepare(`select last_reading as last, ${selectBytes(['last_reading', 'fleet'])} from checkpoint`)
      .get() as (RowBytes & { last: number }) | undefined;
    if (!row) return none;
    const text = intactText(row);
    try {
      const stored = JSON.parse(text!.slice(text!.indexOf('\n') + 1)) as FleetDump | FleetDump['sensors'];
      // Older versions stored only the array of sensors.
      return { last: row.last, fleet: Array.isArray(stored) ? { sensors: stored, retired: {} } : stored };
    } catch {
      this.#damage('checkpoint', 1);
      return none;
    }
  }

  /**
   * Deletes what arrived before `before` (by {@link clock}), at most {@link MAX_FORGOTTEN} readings, and none after
   * `upTo`. Returns the number of rows.
   */
  forget(before: number, upTo = Number.MAX_SAFE_INTEGER): number {
    // The newest reading stays, so that SQLite never reuses an id after the last checkpoint. The second condition protects
    // young readings of older versions, whose time is that of the wall clock and may mislead firstSince.
    const readings = this.database.prepare(
      `delete from readings where id in (
         select id from readings where id < ? and id < (select max(id) from readings) and ${ARRIVED} < ?
         order by id limit ${MAX_FORGOTTEN}
       )`,
    );
    const count =
      readings.run(Math.min(firstSince(this.database, ARRIVED, before), upTo + 1), before).changes +
      this.database.prepare(`delete from messages where ${ARRIVED} < ?`).run(before).changes;
    this.forgotten += count;
    return count;
  }

  /**
   * Compares the checksums of the next `limit` readings. Returns whether there may be more; after the last one it begins
   * anew.
   */
  verifySome(limit: number): boolean {
    const rows = this.database
      .prepare(`select id, ${selectBytes(READING_COLUMNS)} from readings where id > ? order by id limit ?`)
      .all(this.#verified, limit) as ReadingRow[];
    for (const _ of this.#intact(rows));
    this.#verified = rows.length < limit ? 0 : rows.at(-1)!.id;
    return rows.length === limit;
  }

  *#intact(rows: Iterable<ReadingRow>): Iterable<StoredReading> {
    for (const row of rows) {
      const reading = parseReadingRow(row.id, row);
      if (reading) yield reading;
      else this.#damage('readings', row.id);
    }
  }

  #damage(table: string, id: number): never[] {
    if (this.#damaged.size < MAX_DAMAGED) this.#damaged.add(`${table} ${id}`);
    return [];
  }

  /** A store of an older version has no mark: its newest reading shows a time that has been. */
  #clockMark(): ClockMark | undefined {
    const newest = `select ${ARRIVED} as elapsed, received_at as wall, 0 as offset from readings order by id desc limit 1`;
    const row =
      this.database.prepare('select elapsed, wall, offset from clock').get() ?? this.database.prepare(newest).get();
    return row as ClockMark | undefined;
  }

  #saveClock(): void {
    const { elapsed, wall, offset } = this.clock.mark();
    this.database
      .prepare('insert or replace into clock (id, elapsed, wall, offset) values (1, ?, ?, ?)')
      .run(elapsed, wall, offset);
  }

  count(): number {
    return (this.database.prepare('select count(*) as n from readings').get() as { n: number }).n;
  }

  close(): void {
    this.#file.close();
  }
}

/** Reads pages until `limit` rows are intact, or there are no more. */
function fill<Row, At>(
  limit: number,
  from: At,
  read: (at: At, count: number) => { rows: number; last: At | undefined; intact: Row[] },
): Row[] {
  const found: Row[] = [];
  for (let at = from; found.length < limit; ) {
    const count = limit - found.length;
    const { rows, last, intact } = read(at, count);
    found.push(...intact);
    if (rows < count || last === undefined) break;
    at = last;
  }
  return found;
}

const insertInto = (db: Database, table: string, columns: string[]): Statement =>
  db.prepare(
    `insert into ${table} (${columns.join(', ')}, checksum) values (${'?,'.repeat(columns.length)}?) on conflict do nothing`,
  );

/** As an array: spread, the values cost more than the checksum. */
function write(statement: Statement, values: Value[]): ReturnType<Statement['run']> {
  values.push(checksumOf(bytesOf(values)));
  return statement.run(...values);
}
