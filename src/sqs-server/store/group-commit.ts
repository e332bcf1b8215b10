/**
 * Group commit: requests that write within a few milliseconds share one transaction, and so one fsync. Call
 * {@link GroupCommit.join} before a write, and wait for {@link GroupCommit.committed} before acknowledging it. Between them the
 * store is looked after: its file, the disk, and the clocks.
 */
import type { Database } from '../../lib/sqlite/driver.js';
import type { QueueStore } from './queue-store.js';

/** Milliseconds between two commits under load. The first commit after a pause is not delayed. */
const INTERVAL_MS = 5;

/** Milliseconds between two looks at the file of the store and at the clocks, and between two checks of what is in it. */
const WATCH_INTERVAL_MS = 1_000;
const CHECK_INTERVAL_MS = 600_000;

interface CommitHooks {
  /** Runs inside the transaction, just before its commit; may write more. */
  beforeCommit?(): void;
  /** Everything written is on disk; may begin the next transaction. */
  afterCommit(): void;
  /** The transaction is lost because of `error`: discard what memory holds of it. Must not throw. */
  afterRollback(error: unknown): void;
}

type CommittedStore = Omit<QueueStore, 'database' | 'clock' | 'state' | 'explain' | 'failed' | 'restore'> & {
  database: Pick<Database, 'exec'>;
};

export class GroupCommit {
  /** Transactions committed since the start. */
  commits = 0;
  readonly #timers: NodeJS.Timeout[] = [];
  /** The error of the last rollback: everyone who waited gets it and may report it again. */
  #lastError: unknown;
  #isOpen = false;
  /** Those who wait for the open transaction. */
  #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #lastCommit = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;

  constructor(
    private readonly store: CommittedStore,
    private readonly hooks: CommitHooks,
  ) {
    this.every(WATCH_INTERVAL_MS, () => this.#watch());
    this.every(CHECK_INTERVAL_MS, () => store.check());
  }

  /** Until it is closed. */
  every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(() => this.guard(work), ms).unref());
  }

  /** Runs work that belongs to no request. Gives nothing when the store fails. Never throws. */
  guard<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.abort(error);
      return undefined;
    }
  }

  /** Commits with a note of the elapsed time, and closes the store. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.guard(() => {
      this.join();
      this.store.saveMark({ always: true });
      this.flush();
    });
    this.store.close();
  }

  /** A lost store is tried to be restored again. */
  #watch(): void {
    const store = this.store;
    if (store.isLost) this.hooks.afterRollback(store.problem);
    if (store.isLost) return;
    store.verify();
    this.flush();
    store.watch();
    if (store.isMarkOld) this.join();
  }

  /** Opens a transaction unless one is open. */
  join(): void {
    if (this.#isOpen) return;
    this.store.database.exec('BEGIN IMMEDIATE');
    this.#isOpen = true;
    const wait = this.#lastCommit + INTERVAL_MS - performance.now();
    this.#timer = wait > 0 ? setTimeout(() => this.flush(), wait) : setImmediate(() => this.flush());
  }

  /** Resolves once everything written so far is on disk; rejects if the commit fails. */
  async committed(): Promise<void> {
    if (!this.#isOpen) return;
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Commits the open transaction, if any, at once. */
  flush(): void {
    if (!this.#isOpen) return;
    try {
      this.hooks.beforeCommit?.();
      this.store.saveMark();
      this.store.database.exec('COMMIT');
      // Else the next start would not find it.
      this.store.verify();
    } catch (error) {
      this.abort(error);
      return;
    }
    this.#lastCommit = performance.now();
    this.commits += 1;
    for (const { resolve } of this.#end()) resolve();
    this.hooks.afterCommit();
  }

  /** Rolls the open transaction back for everyone who wrote: after a failed write its state is unknown. */
  abort(error: unknown): void {
    if (!this.#isOpen && error === this.#lastError) return;
    this.#lastError = error;
    const waiting = this.#end();
    try {
      this.store.database.exec('ROLLBACK');
    } catch {
      // SQLite rolls back by itself in some cases, such as a full disk; after the commit there is nothing to roll back.
    }
    this.hooks.afterRollback(error);
    for (const { reject } of waiting) reject(error);
  }

  /** Returns those who waited. */
  #end() {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isOpen = false;
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    return waiting;
  }
}
