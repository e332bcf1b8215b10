/** Writes readings, messages and the checkpoint, each row with its checksum. */
import { type Database, inTransaction, type Statement } from '../../lib/sqlite/driver.js';
import type { ReportedConfig } from '../../protocol/sensor-config.js';
import type { StoreEntry } from '../store.js';
import { bytesOf, checksumOf, MESSAGE_COLUMNS, READING_COLUMNS, readingValues, type Value } from './rows.js';

export class Appender {
  readonly #database: Database;
  readonly #reading: Statement;
  readonly #message: Statement;
  readonly #checkpoint: Statement;
  readonly #texts = new WeakMap<ReportedConfig, string>();

  constructor(database: Database) {
    this.#database = database;
    const insertInto = (table: string, columns: string[]) =>
      database.prepare(
        `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join()}) on conflict do nothing`,
      );
    this.#reading = insertInto('readings', [...READING_COLUMNS, 'checksum', 'taken_at']);
    this.#message = insertInto('messages', [...MESSAGE_COLUMNS, 'checksum']);
    this.#checkpoint = database.prepare(
      'insert or replace into checkpoint (id, last_reading, fleet, checksum) values (1, ?, ?, ?)',
    );
  }

  /** One transaction for the group. `elapsed`: now, by the clock of the retention. */
  append(entries: StoreEntry[], elapsed: number): void {
    inTransaction(this.#database, () => {
      for (const { id, body, reading, config, receivedAt } of entries) {
        if (!reading) {
          this.#message.run(...withChecksum([id, receivedAt, elapsed, body]));
          continue;
        }
        const reported = config ? this.#textOf(config) : null;
        const values = withChecksum(readingValues(reading, reported, receivedAt, elapsed));
        const taken = Date.parse(reading.timestamp);
        this.#reading.run(...values, Number.isNaN(taken) ? receivedAt : taken);
      }
    });
  }

  /** Thousands of sensors report the same configuration, which is one object then. */
  #textOf(config: ReportedConfig): string {
    const text = this.#texts.get(config) ?? JSON.stringify(config);
    this.#texts.set(config, text);
    return text;
  }

  saveCheckpoint(lastReading: number, fleet: string): void {
    this.#checkpoint.run(...withChecksum([lastReading, fleet]));
  }
}

const withChecksum = (values: Value[]): Value[] => {
  values.push(checksumOf(bytesOf(values)));
  return values;
};
