/** What the store of readings is given, and what it gives. */
import type { WrittenBack } from '../lib/sqlite/database-file.js';
import type { Message, Reading } from '../protocol/message.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';

export interface StoreEntry {
  /** The queue's message id. */
  id: string;
  /** The JSON text as it was sent. */
  body: string;
  /** Undefined: it is another message. */
  reading: Reading | undefined;
  config: ReportedConfig | undefined;
  /** Unix milliseconds. */
  receivedAt: number;
}

export interface StoredReading {
  /** In order of arrival. */
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
  /** Length of its JSON text. */
  size: number;
}

/** How far the store has been read: the last reading, and the last message. */
export interface StorePosition {
  reading: number;
  message: { receivedAt: number; id: number };
}

/** Milliseconds. */
export interface Retention {
  readings: number;
  /** Of the roll-ups by minute and by hour. */
  minutes: number;
  hours: number;
}

/** In `GET /stats`. */
export interface StoreStats {
  /** Readings and messages that are not what was written; they are not shown. */
  damagedRows: number;
  quarantined: string[];
  /** Its file was deleted or replaced in the last hour, and was written back. */
  writtenBack?: WrittenBack | undefined;
}
