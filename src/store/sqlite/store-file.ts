/**
 * The file of the store: opened after a check, watched while it is open, written back when others delete it, and
 * salvaged when it turns out to be damaged. Nothing is acknowledged to the queue before the file is what it should be.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../lib/errors/app-error.js';
import { abandonDatabase } from '../../lib/sqlite/check-database.js';
import { DatabaseFile } from '../../lib/sqlite/database-file.js';
import { type Database, isDamage, openSqlite } from '../../lib/sqlite/driver.js';
import { type DatabaseQuarantined, openWithRepair } from '../../lib/sqlite/open-with-repair.js';
import { beginRewrite, beginSalvage, finishRewrite } from '../../lib/sqlite/rewrite-database.js';
import type { Salvaged } from '../../lib/sqlite/salvage.js';
import { prepareSchema } from './schema.js';
import { withStoreErrors } from './store-errors.js';

/** The file was deleted or replaced, and has been written back from the open handle. */
export interface DatabaseRewritten {
  type: 'database-rewritten';
  path: string;
  /** `deleted` or `replaced`. */
  problem: string;
  /** What was in its place instead, if there was something. */
  quarantined: string | undefined;
  /** Undefined: nothing is missing. Else the rows that could be read, by table. */
  salvaged: Salvaged | undefined;
}

export type StoreFileEvent = DatabaseQuarantined | DatabaseRewritten;

/** A quick check of this many bytes takes half a second; a larger store is checked in the background only. */
const CHECKED_AT_START = 128 * 1024 * 1024;
/** Writing back is tried again after this: on a full disk every attempt takes its time. */
const RETRY_MS = 10_000;

export class StoreFile {
  readonly path: string;
  readonly #onEvent: (event: StoreFileEvent) => void;
  #database: Database | undefined;
  #file: DatabaseFile | undefined;
  #failed: { error: Error; at: number } | undefined;

  /** `onEvent` gets an event of each repair. Throws `STORE_UNUSABLE`. */
  constructor(path: string, onEvent: (event: StoreFileEvent) => void) {
    this.path = path;
    this.#onEvent = onEvent;
    mkdirSync(dirname(path), { recursive: true });
    this.#open();
  }

  get database(): Database {
    return this.#database ?? this.#open();
  }

  #open(): Database {
    const { path } = this;
    this.#database = withStoreErrors(path, () => openWithRepair(path, openReadings, this.#onEvent, CHECKED_AT_START));
    this.#file = new DatabaseFile(path);
    return this.#database;
  }

  /** Runs the first use of the store. Throws `STORE_UNUSABLE` when it can't be used. */
  use<T>(work: () => T): T {
    return withStoreErrors(this.path, () => this.withRepair(work));
  }

  /** Runs `work`; when it meets damage, once more after a repair. */
  withRepair<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.repair(messageOf(error));
      return work();
    }
  }

  /** Writes the file back when somebody has deleted, replaced or emptied it. Throws when it can't be written. */
  protect(): void {
    const problem = this.#file?.problem();
    if (problem === undefined) return;
    this.#rewrite(`${this.path} was ${problem}`, problem, (database) =>
      beginRewrite(database, this.path, openReadings),
    );
  }

  /** Quarantines the file, and begins a new one with what can be read. `problem`: what is damaged. */
  repair(problem: string): void {
    this.#rewrite(`${this.path} is damaged (${problem})`, problem, (database) =>
      beginSalvage(database, this.path, openReadings),
    );
  }

  /** Everything is in the file then, unless somebody reads it. */
  close(): void {
    this.#database?.exec('pragma wal_checkpoint(truncate)');
    this.#database?.close();
  }

  #rewrite(what: string, problem: string, begin: (database: Database) => Salvaged | undefined): void {
    if (this.#failed && performance.now() - this.#failed.at < RETRY_MS) throw this.#failed.error;
    const { path } = this;
    try {
      const { database } = this;
      const salvaged = begin(database);
      const copied = salvaged === undefined && this.#file!.isOwn;
      abandonDatabase(database);
      this.#database = undefined;
      const quarantined = finishRewrite(path, copied);
      this.#open();
      this.#failed = undefined;
      this.#onEvent(
        salvaged && quarantined !== undefined
          ? { type: 'database-quarantined', path, quarantined, problem, salvaged }
          : { type: 'database-rewritten', path, problem, quarantined, salvaged },
      );
    } catch (cause) {
      const error = new Error(`${what}, and can't be written back: ${messageOf(cause)}`, { cause });
      this.#failed = { error, at: performance.now() };
      throw error;
    }
  }
}

function openReadings(path: string): Database {
  const database = openSqlite(path);
  // Whoever locks the file is waited for in short turns: in between the puller answers, and says why it stores nothing.
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 1000;');
  // Readings change many pages of the unique index. With rare checkpoints a page is written once for many changes.
  database.exec('pragma wal_autocheckpoint = 4000; pragma cache_size = -32768;');
  prepareSchema(database, path);
  return database;
}
