/**
 * Group commit: requests that write within a few milliseconds share one transaction, and so one fsync. Call
 * {@link GroupCommit.join} before a write, and wait for {@link GroupCommit.committed} before acknowledging it.
 */
import type { Database } from '../../lib/sqlite/driver.js';

/** Milliseconds between two commits under load. The first commit after a pause is not delayed. */
const INTERVAL_MS = 5;

interface CommitHooks {
  /** Runs inside the transaction, just before its commit; may write more. */
  beforeCommit(): void;
  /** Throws if what was committed is not where the next start will look for it: nothing is acknowledged then. */
  verify(): void;
  /** Everything written is on disk; may begin the next transaction. */
  afterCommit(): void;
  /** The transaction is lost because of `error`: discard what memory holds of it. Must not throw. */
  afterRollback(error: unknown): void;
}

export class GroupCommit {
  /** Transactions committed since the start. */
  commits = 0;
  readonly #database: () => Pick<Database, 'exec'>;
  readonly #hooks: CommitHooks;
  /** The error of the last rollback: everyone who waited gets it and may report it again. */
  #lastError: unknown;
  #isOpen = false;
  /** Those who wait for the open transaction. */
  #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #lastCommit = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;

  /** `database` gives the one in use, which changes when a lost store is restored. */
  constructor(database: () => Pick<Database, 'exec'>, hooks: CommitHooks) {
    this.#database = database;
    this.#hooks = hooks;
  }

  /** Opens a transaction unless one is open. */
  join(): void {
    if (this.#isOpen) return;
    this.#database().exec('BEGIN IMMEDIATE');
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
      this.#hooks.beforeCommit();
      this.#database().exec('COMMIT');
      this.#hooks.verify();
    } catch (error) {
      this.abort(error);
      return;
    }
    this.#lastCommit = performance.now();
    this.commits += 1;
    for (const { resolve } of this.#end()) resolve();
    this.#hooks.afterCommit();
  }

  /** Rolls the open transaction back for everyone who wrote: after a failed write its state is unknown. */
  abort(error: unknown): void {
    if (!this.#isOpen && error === this.#lastError) return;
    this.#lastError = error;
    const waiting = this.#end();
    try {
      this.#database().exec('ROLLBACK');
    } catch {
      // SQLite rolls back by itself in some cases, such as a full disk; after the commit there is nothing to roll back.
    }
    this.#hooks.afterRollback(error);
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
