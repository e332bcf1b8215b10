/**
 * The store as an SQLite database, also for your own queries:
 * `sqlite3 .wasm-sensors/readings.db 'select region, count(*) from readings group by region'`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FleetDump } from '../../fleet/fleet.js';
import { type Database, inTransaction, rowOf } from '../../lib/sqlite/driver.js';
import { type ClockMark, ElapsedClock } from '../../lib/time/elapsed-clock.js';
import type { HistoryRange, HistorySeries, Sample } from '../history.js';
import type { ReadingsStore, Retention, StoreEntry, StorePosition, StoreStats } from '../store.js';
import { ReadBack } from './read-back.js';
import { readHistory } from './read-history.js';
import { addSamples, forgetSome, LEVELS } from './roll-up-tables.js';
import { openRollUps, type RollUps } from './roll-ups.js';
import { append, withChecksum } from './rows.js';
import { ARRIVED, firstSince, lastReading } from './select-readings.js';
import { StoreFile, type StoreFileEvent } from './store-file.js';

/** Readings deleted at a time: this takes some tens of milliseconds, during which nothing else is stored. */
const MAX_FORGOTTEN = 10_000;
/** Comparing this many checksums takes a few milliseconds. */
const VERIFIED_AT_ONCE = 500;
/** Time between two passes over all checksums, in milliseconds. */
const VERIFY_EVERY_MS = 3_600_000;
/** After a start the newest readings are rolled up again first: a few seconds after a crash, longer after an upgrade. */
const HISTORY_WAIT_MS = 5_000;

export class SqliteStore implements ReadingsStore {
  /** Rows that were deleted after their retention, since the start. */
  forgotten = 0;
  /** Retention goes by it: a step of the wall clock does not make readings old. */
  readonly clock: ElapsedClock;
  readonly #file: StoreFile;
  readonly #rows: ReadBack;
  /** Of one connection; a repair opens another. */
  #rollUps: { database: Database; rollUps: RollUps } | undefined;
  #nextVerify = 0;

  /** `path` and `onEvent`: of {@link StoreFile}. The file is created when missing. Throws `STORE_UNUSABLE`. */
  constructor(path: string, onEvent: (event: StoreFileEvent) => void = () => {}) {
    this.#file = new StoreFile(path, onEvent);
    this.#rows = new ReadBack(() => this.database);
    this.clock = new ElapsedClock(this.#file.use(() => readClock(this.database)));
  }

  /** Of the file that queries and exports read. */
  get path(): string {
    return this.#file.path;
  }

  /** Another one after a repair. */
  get database(): Database {
    return this.#file.database;
  }

  get stats(): StoreStats {
    const { quarantined, writtenBack } = this.#file;
    return { damagedRows: this.#rows.damaged, quarantined, writtenBack };
  }

  /** Stores a group in one transaction; what is there already is left out. It is on disk, where the next start finds it. */
  append<Entry extends StoreEntry>(entries: Entry[]): Entry[] {
    const appended = this.#file.withRepair(() => append(this.database, entries, this.clock.now()));
    this.#file.protect();
    if (this.#rollUps?.database === this.database) this.#rollUps.rollUps.add(appended);
    return appended.known;
  }

  /** Notes what has been looked up. `now`: Unix milliseconds. */
  addSamples(samples: Sample[], now: number): void {
    this.#withRollUps((_, db) => inTransaction(db, () => addSamples(db, samples, now, this.clock.now())));
  }

  /**
   * Rejects with `BAD_QUERY`. Undefined while the readings of before the start are rolled up. `now`: Unix milliseconds.
   * When `gone` is aborted it stops, with what it has.
   */
  async history(range: HistoryRange, now: number, gone?: AbortSignal): Promise<HistorySeries[] | undefined> {
    const end = performance.now() + HISTORY_WAIT_MS;
    while (!this.#withRollUps((rollUps) => rollUps.isCurrent(this.lastReading()))) {
      if (performance.now() > end) return undefined;
      this.rollUp(now);
      await nextTurn();
    }
    const pending = this.#withRollUps((rollUps) => rollUps.rows(range));
    return readHistory(this.database, pending, range, now, gone);
  }

  /** Readings that the roll-ups do not have yet. */
  get notRolledUp(): number {
    return this.#withRollUps((rollUps) => this.lastReading() - rollUps.done);
  }

  /** Does some of the work on the roll-ups, for some milliseconds; returns whether there is more. `now`: Unix milliseconds. */
  rollUp(now: number): boolean {
    return this.#withRollUps((rollUps) => rollUps.work(now, this.lastReading(), this.clock.now()));
  }

  lastReading(): number {
    return lastReading(this.database);
  }

  /** The place before everything received at or after `since` (Unix milliseconds), but before at most `limit` of a kind. */
  positionAt(since: number, limit: number): StorePosition {
    const beyond = rowOf<StorePosition['message']>(
      this.database,
      'select rowid as id, received_at as receivedAt from messages where received_at >= ? order by 2 desc, 1 desc limit 1 offset ?',
      since,
      limit,
    );
    return {
      reading: Math.max(firstSince(this.database, 'received_at', since) - 1, this.lastReading() - limit),
      message: beyond ?? { receivedAt: since, id: 0 },
    };
  }

  readingsAfter: ReadBack['readingsAfter'] = (id, limit) => this.#rows.readingsAfter(id, limit);

  messagesAfter: ReadBack['messagesAfter'] = (position, limit) => this.#rows.messagesAfter(position, limit);

  /** Stores the fleet view: after a restart only later readings are read. */
  saveCheckpoint(fleet: FleetDump): void {
    this.#file.withRepair(() => {
      const { database } = this;
      database
        .prepare('insert or replace into checkpoint (id, last_reading, fleet, checksum) values (1, ?, ?, ?)')
        .run(...withChecksum([this.lastReading(), JSON.stringify(fleet)]));
      const { elapsed, wall, offset } = this.clock.mark();
      database
        .prepare('insert or replace into clock (id, elapsed, wall, offset) values (1, ?, ?, ?)')
        .run(elapsed, wall, offset);
    });
  }

  loadCheckpoint: ReadBack['loadCheckpoint'] = () => this.#file.use(() => this.#rows.loadCheckpoint());

  /** Call it every second: writes the file back when somebody has deleted it, and finds rows that have changed. */
  check(): void {
    this.#file.protect();
    const now = performance.now();
    if (now < this.#nextVerify) return;
    if (!this.#file.withRepair(() => this.#rows.verifySome(VERIFIED_AT_ONCE))) this.#nextVerify = now + VERIFY_EVERY_MS;
  }

  /** Quarantines the file, and goes on with what can be read of it. */
  repair(problem: string): void {
    this.#file.repair(problem);
  }

  /** Call it every second: deletes some of what is older than its retention. */
  forget({ readings, minutes, hours }: Retention): void {
    const now = this.clock.now();
    this.#withRollUps((rollUps, db) => {
      this.forgetReadings(now - readings, rollUps.done);
      inTransaction(db, () => {
        forgetSome(db, LEVELS[0], now - minutes);
        forgetSome(db, LEVELS[1], now - hours);
      });
    });
  }

  /**
   * Deletes what arrived before `before` (by {@link clock}), at most {@link MAX_FORGOTTEN} readings, and none after
   * `upTo`. Returns the number of rows.
   */
  forgetReadings(before: number, upTo = Number.MAX_SAFE_INTEGER): number {
    // The newest reading stays, so that SQLite never reuses an id after the last checkpoint. The second condition protects
    // young readings of older versions, whose time is that of the wall clock and may mislead firstSince.
    const readings = this.database.prepare(
      `delete from readings where id in (
         select id from readings where id < ? and id < (select max(id) from readings) and ${ARRIVED} < ?
         order by id limit ${MAX_FORGOTTEN}
       )`,
    );
    const messages = this.database.prepare(`delete from messages where ${ARRIVED} < ?`);
    const count =
      Number(readings.run(Math.min(firstSince(this.database, ARRIVED, before), upTo + 1), before).changes) +
      Number(messages.run(before).changes);
    this.forgotten += count;
    return count;
  }

  /** Rolls up what waits, for at most `ms`, and closes. */
  close(ms = 0): void {
    try {
      if (ms > 0) this.#withRollUps((rollUps) => rollUps.finish(ms, this.lastReading(), this.clock.now()));
    } finally {
      this.#rollUps = undefined;
      // Everything is in the file then, unless somebody reads it.
      this.database.exec('pragma wal_checkpoint(truncate)');
      this.database.close();
    }
  }

  #withRollUps<T>(work: (rollUps: RollUps, database: Database) => T): T {
    return this.#file.withRepair(() => {
      const { database } = this;
      if (this.#rollUps?.database !== database) {
        this.#rollUps = { database, rollUps: openRollUps(database, this.clock.now()) };
      }
      return work(this.#rollUps.rollUps, database);
    });
  }
}

/** A store of an older version has no mark: its newest reading shows a time that has been. */
function readClock(database: Database): ClockMark | undefined {
  const newest = `select ${ARRIVED} as elapsed, received_at as wall, 0 as offset from readings order by id desc limit 1`;
  return rowOf<ClockMark>(database, 'select elapsed, wall, offset from clock') ?? rowOf<ClockMark>(database, newest);
}
