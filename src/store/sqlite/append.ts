/** Writes readings, messages and the checkpoint, each row with its checksum. */
import { type Database, inTransaction, type Statement } from '../../lib/sqlite/driver.js';
import type { ReportedConfig } from '../../protocol/sensor-config.js';
import type { StoreEntry } from '../store.js';
import { bytesOf, checksumOf, MESSAGE_COLUMNS, READING_COLUMNS, readingValues, type Value } from './rows.js';

/** Thousands of sensors report the same configuration, which is one object then. */
const texts = new WeakMap<ReportedConfig, string>();

/** One transaction for the group. `elapsed`: now, by the clock of the retention. */
export function append(database: Database, entries: StoreEntry[], elapsed: number): void {
  const insertReading = insertInto(database, 'readings', [...READING_COLUMNS, 'checksum', 'taken_at']);
  const insertMessage = insertInto(database, 'messages', [...MESSAGE_COLUMNS, 'checksum']);
  inTransaction(database, () => {
    for (const { id, body, reading, config, receivedAt } of entries) {
      if (!reading) {
        insertMessage.run(...withChecksum([id, receivedAt, elapsed, body]));
        continue;
      }
      const values = withChecksum(readingValues(reading, config ? textOf(config) : null, receivedAt, elapsed));
      const taken = Date.parse(reading.timestamp);
      insertReading.run(...values, Number.isNaN(taken) ? receivedAt : taken);
    }
  });
}

export function saveCheckpoint(database: Database, lastReading: number, fleet: string): void {
  database
    .prepare('insert or replace into checkpoint (id, last_reading, fleet, checksum) values (1, ?, ?, ?)')
    .run(...withChecksum([lastReading, fleet]));
}

const insertInto = (database: Database, table: string, columns: string[]): Statement =>
  database.prepare(
    `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join()}) on conflict do nothing`,
  );

function textOf(config: ReportedConfig): string {
  const text = texts.get(config) ?? JSON.stringify(config);
  texts.set(config, text);
  return text;
}

const withChecksum = (values: Value[]): Value[] => {
  values.push(checksumOf(bytesOf(values)));
  return values;
};
