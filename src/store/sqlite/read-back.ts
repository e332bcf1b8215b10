/** Reads stored rows back, leaves out those that are not what was written, and counts them. */
import type { FleetDump } from '../../fleet/fleet.js';
import { type Database, rowOf, rowsOf } from '../../lib/sqlite/driver.js';
import type { StoredMessage, StoredReading, StorePosition } from '../store.js';
import {
  intactText,
  MESSAGE_COLUMNS,
  parseMessageRow,
  parseReadingRow,
  READING_COLUMNS,
  type RowBytes,
  selectBytes,
} from './rows.js';

/** Messages that are read at a time, by their text: one may have 1 MiB. */
const READ_AHEAD_BYTES = 262_144;
/** Readings that are read at a time after a start. */
const READINGS_AT_ONCE = 500;
/** Damaged rows are counted up to this number. */
const MAX_DAMAGED = 100_000;

type StoredRow = RowBytes & { id: number };

export class ReadBack {
  readonly #database: () => Database;
  /** Rows that were found to be damaged: `table id`. */
  readonly #damaged = new Set<string>();
  /** The last reading whose checksum {@link verifySome} has compared. */
  #verified = 0;

  /** `database`: the open one, which a repair replaces. */
  constructor(database: () => Database) {
    this.#database = database;
  }

  /** How many rows are known not to be what was written. */
  get damaged(): number {
    return this.#damaged.size;
  }

  readingsAfter(id: number, limit: number): StoredReading[] {
    const found: StoredReading[] = [];
    for (const reading of this.#allAfter(id, limit)) if (found.push(reading) === limit) break;
    return found;
  }

  *messagesAfter(position: StorePosition['message'], limit: number): Iterable<StoredMessage> {
    const select = (columns: string) =>
      `select ${columns} from messages where (received_at, rowid) > (?, ?) order by received_at, rowid limit ?`;
    // `octet_length` does not read the text.
    const selectSizes = select('rowid as id, received_at as receivedAt, octet_length(body) as size');
    const selectRows = select(`rowid as id, ${selectBytes(MESSAGE_COLUMNS)}`);
    let { receivedAt, id } = position;
    for (let left = limit; left > 0; ) {
      const sizes = rowsOf<typeof position & { size: number }>(this.#database(), selectSizes, receivedAt, id, left);
      if (sizes.length === 0) return;
      let count = 0;
      for (let bytes = 0; count < sizes.length && bytes < READ_AHEAD_BYTES; count++) bytes += sizes[count]!.size;
      for (const row of rowsOf<StoredRow>(this.#database(), selectRows, receivedAt, id, count)) {
        const message = parseMessageRow(row.id, row);
        if (!message) this.#damage('messages', row.id);
        else if (left-- > 0) yield message;
      }
      ({ receivedAt, id } = sizes[count - 1]!);
    }
  }

  loadCheckpoint(): { fleet: FleetDump; after: Iterable<StoredReading> } {
    const { last, fleet } = this.#checkpoint();
    return { fleet, after: this.#allAfter(last, READINGS_AT_ONCE) };
  }

  *#allAfter(last: number, atOnce: number): Iterable<StoredReading> {
    for (let at = last; ; ) {
      const rows = this.#readingRows(at, atOnce);
      yield* this.#intact(rows);
      if (rows.length < atOnce) return;
      at = rows.at(-1)!.id;
    }
  }

  #checkpoint(): { last: number; fleet: FleetDump } {
    const none = { last: 0, fleet: { sensors: [], retired: {} } };
    const sql = `select last_reading as last, ${selectBytes(['last_reading', 'fleet'])} from checkpoint`;
    const row = rowOf<RowBytes & { last: number }>(this.#database(), sql);
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
   * Compares the checksums of the next `limit` readings. Returns whether there may be more; after the last one it begins
   * anew.
   */
  verifySome(limit: number): boolean {
    const rows = this.#readingRows(this.#verified, limit);
    for (const _ of this.#intact(rows));
    this.#verified = rows.length < limit ? 0 : rows.at(-1)!.id;
    return rows.length === limit;
  }

  #readingRows(after: number, limit: number): StoredRow[] {
    const sql = `select id, ${selectBytes(READING_COLUMNS)} from readings where id > ? order by id limit ?`;
    return rowsOf(this.#database(), sql, after, limit);
  }

  *#intact(rows: StoredRow[]): Iterable<StoredReading> {
    for (const row of rows) {
      const reading = parseReadingRow(row.id, row);
      if (reading) yield reading;
      else this.#damage('readings', row.id);
    }
  }

  #damage(table: string, id: number): void {
    if (this.#damaged.size < MAX_DAMAGED) this.#damaged.add(`${table} ${id}`);
  }
}
