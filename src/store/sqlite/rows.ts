/**
 * Writes rows and reads them, as texts with a checksum: SQLite notices broken pages, but not a changed byte in a text. They
 * are read as bytes, in which any change shows, whatever it has made of a number or a text.
 */
import { fnv1a } from '../../lib/fnv1a.js';
import { jsonOf } from '../../lib/json.js';
import { type Database, inTransaction, type Statement } from '../../lib/sqlite/driver.js';
import type { Message, Reading } from '../../protocol/message.js';
import type { ReportedConfig } from '../../protocol/sensor-config.js';
import type { StoredMessage, StoredReading, StoreEntry } from '../store.js';

type Value = string | number | null;

/** What the checksum of a reading covers: with one more, the readings of older stores would be damaged. */
export const READING_COLUMNS = [
  'received_at',
  'execution_id',
  'sequence',
  'job_id',
  'hostname',
  'region',
  'timestamp',
  'color',
  'icon_name',
  'job_submission_time',
  'sensor_config',
  'measured_values',
  'elapsed_at',
];
/** The text of a message comes last, because it may have line breaks. */
export const MESSAGE_COLUMNS = ['id', 'received_at', 'elapsed_at', 'body'];

/** Selects a row as {@link RowBytes}. */
export const selectBytes = (columns: string[]): string =>
  `checksum, cast(${columns.map((column) => `coalesce(${column}, '')`).join(' || char(10) || ')} as blob) as bytes`;

export interface RowBytes {
  /** Null in rows of versions that had none. */
  checksum: number | null;
  bytes: Uint8Array;
}

/** In the order of {@link READING_COLUMNS}; written out, because it runs for every reading. */
const readingValues = (r: Reading, config: string | null, receivedAt: number, elapsed: number): Value[] => [
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
  config,
  r.values ? JSON.stringify(r.values) : null,
  elapsed,
];

/** Thousands of sensors report the same configuration, which is one object then. */
const texts = new WeakMap<ReportedConfig, string>();

/** Readings of a group: those with the ids from `first` to `last` are new, the known ones were there. */
export interface Appended<Entry extends StoreEntry> {
  first: number;
  last: number;
  added: Entry[];
  known: Entry[];
}

/** Unix milliseconds; of a reading without a timestamp that is when it arrived. */
export function takenAt({ timestamp }: Reading, receivedAt: number): number {
  const taken = Date.parse(timestamp);
  return Number.isNaN(taken) ? receivedAt : taken;
}

/** One transaction for the group. `elapsed`: now, by the clock of the retention. */
export function append<Entry extends StoreEntry>(
  database: Database,
  entries: Entry[],
  elapsed: number,
): Appended<Entry> {
  const insertReading = insertInto(database, 'readings', [...READING_COLUMNS, 'checksum', 'taken_at']);
  const insertMessage = insertInto(database, 'messages', [...MESSAGE_COLUMNS, 'checksum']);
  const appended: Appended<Entry> = { first: 0, last: -1, added: [], known: [] };
  inTransaction(database, () => {
    for (const entry of entries) {
      const { id, body, reading, config, receivedAt } = entry;
      if (!reading) {
        insertMessage.run(...withChecksum([id, receivedAt, elapsed, body]));
        continue;
      }
      const values = withChecksum(readingValues(reading, config ? textOf(config) : null, receivedAt, elapsed));
      const { changes, lastInsertRowid } = insertReading.run(...values, takenAt(reading, receivedAt));
      if (changes === 0) {
        appended.known.push(entry);
        continue;
      }
      appended.last = Number(lastInsertRowid);
      appended.first ||= appended.last;
      appended.added.push(entry);
    }
  });
  return appended;
}

const insertInto = (database: Database, table: string, columns: string[]): Statement =>
  database.prepare(
    `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join()}) on conflict do nothing`,
  );

/** As it is stored. */
export function textOf(config: ReportedConfig): string {
  const text = texts.get(config) ?? JSON.stringify(config);
  texts.set(config, text);
  return text;
}

export const withChecksum = (values: Value[]): Value[] => {
  // As they are read back.
  values.push(fnv1a(Buffer.from(values.join('\n'))));
  return values;
};

/** The text of a row; undefined when it is not what was written. */
export function intactText({ checksum, bytes }: RowBytes): string | undefined {
  return checksum === null || checksum === fnv1a(bytes) ? Buffer.from(bytes).toString() : undefined;
}

/** Undefined when the row is not what was written. */
export function parseReadingRow(id: number, row: RowBytes): StoredReading | undefined {
  const values = intactText(row)?.split('\n');
  if (values?.length !== READING_COLUMNS.length) return undefined;
  const [receivedAt, execution_id = '', sequence, job_id = '', hostname = '', region = '', ...others] = values;
  const [timestamp = '', color = '', icon_name = '', submitted, config, measured] = others;
  const reading: Reading = {
    execution_id,
    sequence: Number(sequence),
    job_id,
    hostname,
    region,
    timestamp,
    color,
    icon_name,
    job_submission_time: Number(submitted),
  };
  if (measured) reading.values = JSON.parse(measured);
  return { id, reading, config: config || null, receivedAt: Number(receivedAt) };
}

/** Undefined when the row is not what was written. */
export function parseMessageRow(id: number, row: RowBytes): StoredMessage | undefined {
  const [, receivedAt, body] = /^.*\n(\d+)\n\d*\n([\s\S]*)$/.exec(intactText(row) ?? '') ?? [];
  const message = body === undefined ? undefined : (jsonOf(body) as Message | undefined);
  if (body === undefined || message === undefined) return undefined;
  return { id, message, receivedAt: Number(receivedAt), size: body.length };
}
