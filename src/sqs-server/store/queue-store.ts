/**
 * The file of a queue server's store while it is in use: the clock that it keeps across restarts, what to do when the file
 * is deleted, replaced or damaged under the server, and when the disk is full.
 */
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { DiskReserve } from '../../lib/fs/disk-reserve.js';
import { whileBusy } from '../../lib/process/shutdown.js';
import { DatabaseFile, type DatabaseQuarantined } from '../../lib/sqlite/database-file.js';
import { type Database, findDamage, isDamage, isFull, rowOf } from '../../lib/sqlite/driver.js';
import type { Salvaged } from '../../lib/sqlite/salvage.js';
import { type ClockEvent, type ClockSources, ElapsedClock, MARK_AGE_MS } from '../../lib/time/elapsed-clock.js';
import type { QueueServerState } from '../../queue/queue.js';
import { openDatabase } from './queue-database.js';

export type StoreEvent =
  | DatabaseQuarantined
  | ClockEvent
  /** Nothing is acknowledged until `store-restored`. */
  | { type: 'store-lost'; path: string; message: string }
  /** It is written back whole; `salvaged`: what could be read of a damaged one, by table. */
  | { type: 'store-restored'; path: string; salvaged?: Salvaged }
  | { type: 'store-restore-failed'; path: string; message: string }
  /** Messages are given out and deleted, but none are taken until `store-writable`. */
  | { type: 'store-full'; path: string }
  | { type: 'store-writable'; path: string };

/** Milliseconds between two notes of the elapsed time in the store while other things are written. */
const MARK_INTERVAL_MS = 5_000;
/** A larger database is checked at the start only: the check takes about 2 ms for each MiB, and nothing else runs. */
const BACKGROUND_CHECK_BYTES = 128 * 1_048_576;
/** Writing the reserve takes some 50 ms, which the first readings do not wait for where the disk has room. */
const RESERVE_AFTER_MS = 5_000;
/** The write-ahead log may grow to so many pages before they go to the database, on a disk that has room. */
const WAL_PAGES = 4_000;
const PAGE_BYTES = 4_096;
const PAGE_COUNT = 'SELECT page_count AS value FROM pragma_page_count';

export class QueueStore {
  readonly clock: ElapsedClock;
  /** Undefined for a store in memory. */
  readonly #reserve: DiskReserve | undefined;
  readonly #file: DatabaseFile;
  #marked = Number.NEGATIVE_INFINITY;
  #lost: AppError | undefined;
  #full: AppError | undefined;
  /** When the reserve is taken, by `performance.now()`; undefined: that is done. */
  #reserveDue: number | undefined;
  #restoreFailed = false;
  /** What was wrong with the file when it was lost. */
  #lostProblem = '';

  /** Throws as `openDatabase` does. */
  constructor(
    private readonly path: string,
    clock: Partial<ClockSources>,
    private readonly onEvent: (event: StoreEvent) => void,
  ) {
    if (path !== ':memory:') this.#reserve = new DiskReserve(`${path}.reserve`, 1.1 * WAL_PAGES * PAGE_BYTES);
    const open = () => new DatabaseFile({ path, open: openDatabase, onQuarantined: onEvent });
    this.#file = this.#withReserve(open);
    this.clock = new ElapsedClock(rowOf(this.database, 'SELECT elapsed, wall, "offset" FROM clock'), clock);
    this.watch();
    this.database.exec(`PRAGMA wal_autocheckpoint = ${WAL_PAGES}`);
    // Where the disk has room, the reserve can wait.
    if (!this.#reserve || this.#reserve.bytes > 0 || this.#reserve.isPressing) this.#takeReserve();
    else this.#reserveDue = performance.now() + RESERVE_AFTER_MS;
  }

  get database(): Database {
    return this.#file.database;
  }

  /** Why it takes no messages; undefined: it does. */
  get problem(): AppError | undefined {
    return this.#lost ?? this.#full;
  }

  /** Whether nothing can be done with it until it is restored. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** What `/ready` and `/stats` say of it. */
  get state(): QueueServerState {
    const { problem } = this;
    const { quarantined, writtenBack } = this.#file;
    const damaged = this.isLost ? 0 : this.#read('SELECT count(*) AS value FROM damaged_messages');
    return {
      ...(problem ? { status: 'not ready', code: problem.code, reason: problem.message } : { status: 'ready' }),
      ...(quarantined.length === 0 ? {} : { quarantined }),
      ...(writtenBack === undefined ? {} : { writtenBack }),
      ...(damaged === 0 ? {} : { damagedMessages: damaged }),
      ...(this.clock.pendingMs === 0 ? {} : { clockStepMs: this.clock.pendingMs }),
    };
  }

  /** Throws `QUEUE_STORE_LOST` unless what was written is in the files that the next start opens. */
  verify(): void {
    const problem = this.#file.problem();
    if (problem) throw this.#lostBecause(problem);
  }

  /** Throws `QUEUE_STORE_LOST` when a quick check finds damage. */
  check(): void {
    const damage = this.#read(PAGE_COUNT) * PAGE_BYTES > BACKGROUND_CHECK_BYTES ? undefined : findDamage(this.database);
    if (damage !== undefined) throw this.#lostBecause('damaged', damage);
  }

  /** What a failure of the database means for those who wrote: `QUEUE_STORE_LOST`, `QUEUE_STORE_FULL` or nothing known. */
  explain(error: unknown): AppError | undefined {
    if (error instanceof AppError) return error;
    if (isDamage(error)) return this.#lostBecause('damaged', error);
    return isFull(error) ? this.#fullBecause(error) : undefined;
  }

  /** Takes note of a failure, and makes room on a full disk for deletions. Call it outside of transactions. */
  failed(error: unknown): void {
    const failure = this.explain(error);
    if (failure?.code === 'QUEUE_STORE_LOST' && !this.#lost) {
      this.#lost = failure;
      this.#lostProblem = this.#file.problem() ?? 'damaged';
      this.onEvent({ type: 'store-lost', path: this.path, message: failure.message });
    } else if (failure?.code === 'QUEUE_STORE_FULL') {
      this.#setFull(failure);
      this.#reserve?.release();
      // At once, before others take the room. With every page in the database, the log is used again from its beginning:
      // deletions then need no further room, if that is so after each of them.
      this.#tryTo('PRAGMA wal_checkpoint');
      this.#tryTo('PRAGMA wal_autocheckpoint = 1');
    }
  }

  /**
   * Writes a lost store back and opens it. Throws `QUEUE_STORE_LOST` when that fails; try again later. Call it outside of
   * transactions.
   */
  restore(): void {
    try {
      const { salvaged } = this.#withReserve(() => this.#file.rewrite(this.#lostProblem));
      this.#takeReserve();
      this.#lost = undefined;
      this.#restoreFailed = false;
      this.onEvent({ type: 'store-restored', path: this.path, ...(salvaged ? { salvaged } : {}) });
    } catch (error) {
      if (!this.#restoreFailed) {
        this.onEvent({ type: 'store-restore-failed', path: this.path, message: messageOf(error) });
      }
      this.#restoreFailed = true;
      throw this.#lost;
    }
  }

  /** Reports a step of the wall clock, and looks whether a full disk has room again. Call it outside of transactions. */
  watch(): void {
    const step = this.clock.check();
    if (step) this.onEvent(step);
    if (this.isLost) return;
    if (this.#reserveDue !== undefined && performance.now() >= this.#reserveDue) this.#takeReserve();
    if (!this.#full) return;
    if (this.#reserve && !this.#reserve.take()) {
      this.#shrink();
      if (!this.#reserve.take()) return;
    }
    this.#full = undefined;
    this.#takeReserve();
    this.onEvent({ type: 'store-writable', path: this.path });
  }

  /** Whether the elapsed time should be noted though nothing else is written. */
  get isMarkOld(): boolean {
    return this.clock.now() - this.#marked >= MARK_AGE_MS - 2_000;
  }

  /** Notes the elapsed time, unless that was done a moment ago. Call it inside of transactions. */
  saveMark({ always = false } = {}): void {
    const { elapsed, wall, offset } = this.clock.mark();
    if (!always && elapsed - this.#marked < MARK_INTERVAL_MS) return;
    this.#marked = elapsed;
    const sql = 'INSERT OR REPLACE INTO clock (id, elapsed, wall, "offset") VALUES (1, ?, ?, ?)';
    this.database.prepare(sql).run(elapsed, wall, offset);
  }

  close(): void {
    this.#file.close();
  }

  /** On a full disk once more with the room of the reserve. */
  #withReserve<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isFull((error as Error).cause) || !this.#reserve?.bytes) throw error;
      this.#reserve.release();
      return work();
    }
  }

  /** On a small disk the reserve is small, and so must be the log, whose pages it has to take in. */
  #takeReserve(): void {
    this.#reserveDue = undefined;
    if (!this.#reserve) return;
    if (!this.#reserve.take()) this.#setFull(this.#fullBecause());
    const pages = Math.min(WAL_PAGES, Math.round(this.#reserve.bytes / PAGE_BYTES / 1.1));
    this.database.exec(`PRAGMA wal_autocheckpoint = ${Math.max(pages, 16)}`);
  }

  /** Gives the pages of deleted messages back to the disk. */
  #shrink(): void {
    const free = this.#read('SELECT freelist_count AS value FROM pragma_freelist_count');
    if (free < this.#read(PAGE_COUNT) / 2) return;
    whileBusy(() => this.#tryTo('VACUUM'));
    this.#tryTo('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  #read(sql: string): number {
    return rowOf<{ value: number }>(this.database, sql)!.value;
  }

  #setFull(failure: AppError): void {
    if (this.#full) return;
    this.#full = failure;
    this.onEvent({ type: 'store-full', path: this.path });
  }

  #tryTo(sql: string): void {
    try {
      this.database.exec(sql);
    } catch {
      // There is not even room for that.
    }
  }

  #fullBecause(cause?: unknown): AppError {
    return new AppError('QUEUE_STORE_FULL', `The disk of the queue store ${this.path} is full.`, { cause });
  }

  #lostBecause(problem: string, cause?: unknown): AppError {
    return new AppError('QUEUE_STORE_LOST', `The file of the queue store ${this.path} was ${problem}.`, { cause });
  }
}
