/**
 * Group commit: what requests write within a few milliseconds goes into one transaction, so that they share one fsync.
 * Whatever writes calls {@link GroupCommit.join} first; whoever answers waits for {@link GroupCommit.committed} before.
 */
import type { Database } from './database.js';

/** Milliseconds between two commits under load; a commit after a quiet time is not held back. */
const INTERVAL_MS = 5;

export interface CommitHooks {
  /** Runs inside the transaction, just before it is committed; it may write more. */
  beforeCommit(): void;
  /** What was written is on disk now; may begin the next transaction. */
  afterCommit(): void;
  /** The transaction is lost, because of `error`; whatever memory holds of it must be thrown away. Must not throw. */
  afterRollback(error: unknown): void;
}

export class GroupCommit {
  /** Transactions committed since the start. */
  commits = 0;
  #open: { done: Promise<void>; resolve: () => void; reject: (error: unknown) => void } | undefined;
  #lastCommit = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;

  constructor(
    private readonly database: Database,
    private readonly hooks: CommitHooks,
  ) {}

  /** Makes sure that a transaction is open. */
  join(): void {
    if (!this.#open) this.#begin();
  }

  /** Resolves once everything written so far is on disk; rejects when it could not be committed. */
  committed(): Promise<void> {
    return this.#open?.done ?? Promise.resolve();
  }

  /** Commits at once what is open. */
  flush(): void {
    const open = this.#open;
    if (!open) return;
    try {
      this.hooks.beforeCommit();
      this.database.exec('COMMIT');
    } catch (error) {
      this.abort(error);
      return;
    }
    this.#end();
    this.#lastCommit = performance.now();
    this.commits += 1;
    open.resolve();
    this.hooks.afterCommit();
  }

  /** Gives up what is open, for all who wrote: after a failed write nobody knows how much of it was done. */
  abort(error: unknown): void {
    const open = this.#open;
    this.#end();
    try {
      this.database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
    this.hooks.afterRollback(error);
    open?.reject(error);
  }

  #begin(): void {
    this.database.exec('BEGIN IMMEDIATE');
    let resolve!: () => void;
    let reject!: (error: unknown) => void;
    const done = new Promise<void>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    // Whoever writes waits for `done`; a rejection nobody waits for is still reported to the next reader of the store.
    done.catch(() => undefined);
    this.#open = { done, resolve, reject };
    const wait = this.#lastCommit + INTERVAL_MS - performance.now();
    this.#timer = wait > 0 ? setTimeout(() => this.flush(), wait) : setImmediate(() => this.flush());
  }

  #end(): void {
    this.#open = undefined;
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
  }
}
