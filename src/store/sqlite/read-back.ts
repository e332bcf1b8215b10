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

const MAX_DAMAGED = 100_000;

type StoredRow = RowBytes & { id: number };
const SELECT_READINGS = `select id, ${selectBytes(READING_COLUMNS)} from readings`;

export class ReadBack {
  /** Rows that were found to be damaged: `table id`. */
  readonly #damaged = new Set<string>();
  /** The last reading whose checksum {@link verifySome} has compared. */
  #verified = 0;

  /** `database`: the open one, which a repair replaces. */
  constructor(private readonly database: () => Database) {}

  /** How many rows are known not to be what was written. */
  get damaged(): number {
    return this.#damaged.size;
  }

  /** In order of arrival. Fewer than `limit` only when there are no more. */
  readingsAfter(id: number, limit: number): StoredReading[] {
    const found: StoredReading[] = [];
    for (const reading of this.#allAfter(id)) if (found.push(reading) === limit) break;
    return found;
  }

  *#allAfter(id: number): Iterable<StoredReading> {
    yield* this.#intact(this.#select(`${SELECT_READINGS} where id > ? order by id`, id));
  }

  /** In order of arrival, read when they are asked for. Fewer than `limit` only when there are no more. */
  *messagesAfter({ receivedAt, id }: StorePosition['message'], limit: number): Iterable<StoredMessage> {
    let left = limit;
    for (const row of this.#select(
      `select rowid as id, ${selectBytes(MESSAGE_COLUMNS)} from messages
       where (received_at, rowid) > (?, ?) order by received_at, rowid`,
      receivedAt,
      id,
    )) {
      const message = parseMessageRow(row.id, row);
      if (!message) this.#damage('messages', row.id);
      else {
        yield message;
        if (--left === 0) return;
      }
    }
  }

  /** Rows are read one by one, as they are asked for. */
  #select(sql: string, ...parameters: number[]): Iterable<StoredRow> {
    return this.database()
      .prepare(sql)
      .iterate(...parameters) as unknown as Iterable<StoredRow>;
  }

  /** The last checkpoint, and every reading after it in order of arrival. Without an intact checkpoint: all readings. */
  loadCheckpoint(): { fleet: FleetDump; after: Iterable<StoredReading> } {
    const { last, fleet } = this.#checkpoint();
    return { fleet, after: this.#allAfter(last) };
  }

  #checkpoint(): { last: number; fleet: FleetDump } {
    const none = { last: 0, fleet: { sensors: [], retired: {} } };
    const sql = `select last_reading as last, ${selectBytes(['last_reading', 'fleet'])} from checkpoint`;
    const row = rowOf<RowBytes & { last: number }>(this.database(), sql);
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
    const sql = `${SELECT_READINGS} where id > ? order by id limit ?`;
    const rows = rowsOf<StoredRow>(this.database(), sql, this.#verified, limit);
    for (const _ of this.#intact(rows));
    this.#verified = rows.length < limit ? 0 : rows.at(-1)!.id;
    return rows.length === limit;
  }

  *#intact(rows: Iterable<StoredRow>): Iterable<StoredReading> {
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
