/**
 * The port of the store: it keeps every reading once, by execution, sequence and time taken, and what the puller needs of
 * them later. A reading that {@link ReadingsStore.append} has ended for is on disk, where the next start finds it.
 */
import type { FleetDump } from '../fleet/fleet.js';
import type { Soon } from '../lib/async/exclusive.js';
import type { WrittenBack } from '../lib/sqlite/database-file.js';
import type { ElapsedClock } from '../lib/time/elapsed-clock.js';
import type { Message, Reading } from '../protocol/message.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import type { HistoryRange, HistorySeries, Sample } from './history.js';

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

/** What came since some time. */
export type PastStore = Pick<ReadingsStore, 'positionAt' | 'readingsAfter' | 'messagesAfter'>;

/**
 * All methods throw or reject when the store can't be used now, such as on a full disk; nothing is half done then. A file
 * answers at once, a server later.
 */
export interface ReadingsStore {
  /** Of the file that queries and exports read. */
  readonly path: string;
  /** Retention goes by it: a step of the wall clock does not make readings old. */
  readonly clock: ElapsedClock;
  /** Rows that were deleted after their retention, since the start. */
  readonly forgotten: number;
  readonly stats: StoreStats;
  /** Readings that the roll-ups do not have yet. */
  readonly notRolledUp: number;

  /** Stores a group in one transaction. What is there already is left out, and its readings are returned. */
  append<Entry extends StoreEntry>(entries: Entry[]): Soon<Entry[]>;

  /** Notes what has been looked up. `now`: Unix milliseconds. */
  addSamples(samples: Sample[], now: number): Soon<void>;
  /**
   * Rejects with `BAD_QUERY`. Undefined while the readings of before the start are rolled up. `now`: Unix milliseconds.
   * When `gone` is aborted it stops, with what it has.
   */
  history(range: HistoryRange, now: number, gone?: AbortSignal): Promise<HistorySeries[] | undefined>;

  /** The place before everything received at or after `since` (Unix milliseconds), but before at most `limit` of a kind. */
  positionAt(since: number, limit: number): Soon<StorePosition>;
  /** Readings in order of arrival. Fewer than `limit` only when there are no more. */
  readingsAfter(id: StorePosition['reading'], limit: number): Soon<StoredReading[]>;
  /**
   * Messages in order of arrival; fewer than `limit` only when there are no more, or when they have `bytes` together. They
   * are read when they are asked for, or as many as that.
   */
  messagesAfter(position: StorePosition['message'], limit: number, bytes: number): Soon<Iterable<StoredMessage>>;

  /** Stores the fleet view, which has all readings that are stored: after a restart only later ones are read. */
  saveCheckpoint(fleet: FleetDump): Soon<void>;
  /** The last checkpoint, and every reading after it in order of arrival. Without an intact checkpoint: all readings. */
  loadCheckpoint(): Soon<{ fleet: FleetDump; after: Iterable<StoredReading> | AsyncIterable<StoredReading> }>;

  /** Call it every second: writes the file back when somebody has deleted it, and finds rows that have changed. */
  check(): Soon<void>;
  /** Call it every second: deletes some of what is older than its retention. */
  forget(retention: Retention): Soon<void>;
  /** Does some of the work on the roll-ups, for some milliseconds; returns whether there is more. `now`: Unix milliseconds. */
  rollUp(now: number): Soon<boolean>;
  /** Rolls up what waits, for at most `ms`, and closes. */
  close(ms?: number): Soon<void>;
}
