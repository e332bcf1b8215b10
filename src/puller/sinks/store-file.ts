/**
 * The file of the store: opened after a check, watched while it is open, written back when others delete it, and
 * salvaged when it turns out to be damaged. Nothing is acknowledged to the queue before the file is what it should be.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { messageOf } from '../../lib/errors/app-error.js';
import { abandonDatabase, isDamage } from '../../lib/sqlite/check-database.js';
import { DatabaseFile, type FileProblem } from '../../lib/sqlite/database-file.js';
import { type DatabaseQuarantined, findFileDamage, openWithRepair } from '../../lib/sqlite/open-with-repair.js';
import { beginRewrite, beginSalvage, finishRewrite, quarantineDatabase } from '../../lib/sqlite/rewrite-database.js';
import { prepareSchema } from './readings-schema.js';
import { unusableStore, withStoreErrors } from './store-errors.js';

/** The file was deleted or replaced, and has been written back with everything that was in it. */
export interface DatabaseRewritten {
  type: 'database-rewritten';
  path: string;
  problem: FileProblem;
  /** What was in its place instead, if there was something. */
  quarantined?: string;
}

export type StoreFileEvent = DatabaseQuarantined | DatabaseRewritten;

/** A quick check of this many bytes takes half a second; a larger store is checked in the background only. */
const CHECKED_AT_START = 128 * 1024 * 1024;
/** Writing back is tried again after this: on a full disk every attempt takes its time. */
const RETRY_MS = 10_000;

export class StoreFile {
  readonly path: string;
  readonly #onEvent: ((event: StoreFileEvent) => void) | undefined;
  #database: Database.Database | undefined;
  #file: DatabaseFile | undefined;
  #failed: { error: Error; at: number } | undefined;

  /** Throws `STORE_UNUSABLE`. Without `onEvent`, which is told of every repair, nothing is repaired. */
  constructor(path: string, onEvent?: (event: StoreFileEvent) => void) {
    this.path = path;
    this.#onEvent = onEvent;
    mkdirSync(dirname(path), { recursive: true });
    this.#open();
  }

  get database(): Database.Database {
    return this.#database ?? this.#open();
  }

  #open(): Database.Database {
    const { path } = this;
    this.#database = withStoreErrors(path, () => {
      if (this.#onEvent) return openWithRepair(path, openReadings, this.#onEvent, CHECKED_AT_START);
      // SQLite would make a new store of an empty file.
      const damage = findFileDamage(path);
      if (damage !== undefined) throw unusableStore(path, damage);
      return openReadings(path);
    });
    this.#file = new DatabaseFile(path);
    return this.#database;
  }

  /** Runs `work`; when it meets damage, once more after a repair. */
  withRepair<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error) || !this.#onEvent) throw error;
      this.repair(messageOf(error));
      return work();
    }
  }

  /** Writes the file back when somebody has deleted, replaced or emptied it. Throws when it can't be written. */
  protect(): void {
    const problem = this.#file?.problem();
    if (problem === undefined) return;
    this.#rewrite(`${this.path} was ${problem}`, (database) => {
      const salvaged = beginRewrite(database, this.path, openReadings);
      const quarantined = this.#replace(database);
      const { path } = this;
      if (salvaged !== undefined) this.#reportQuarantine(quarantined, problem, salvaged);
      else
        this.#onEvent?.({ type: 'database-rewritten', path, problem, ...(quarantined === '' ? {} : { quarantined }) });
    });
  }

  /** Quarantines the file, and begins a new one with what can be read. `problem`: what is damaged. */
  repair(problem: string): void {
    this.#rewrite(`${this.path} is damaged (${problem})`, (database) => {
      const salvaged = beginSalvage(database, this.path, openReadings);
      this.#reportQuarantine(this.#replace(database), problem, salvaged);
    });
  }

  close(): void {
    this.#database?.close();
  }

  /** Puts the rewritten file in its place. Gives the new name of what was there; '' for nothing. */
  #replace(database: Database.Database): string {
    abandonDatabase(database);
    this.#database = undefined;
    const quarantined = existsSync(this.path) ? quarantineDatabase(this.path) : '';
    finishRewrite(this.path);
    this.#open();
    return quarantined;
  }

  #reportQuarantine(quarantined: string, problem: string, salvaged: DatabaseQuarantined['salvaged']): void {
    this.#onEvent?.({ type: 'database-quarantined', path: this.path, quarantined, problem, salvaged });
  }

  #rewrite(what: string, work: (database: Database.Database) => void): void {
    if (this.#failed && performance.now() - this.#failed.at < RETRY_MS) throw this.#failed.error;
    try {
      work(this.database);
      this.#failed = undefined;
    } catch (cause) {
      const error = new Error(`${what}, and can't be written back: ${messageOf(cause)}`, { cause });
      this.#failed = { error, at: performance.now() };
      throw error;
    }
  }
}

function openReadings(path: string): Database.Database {
  const database = new Database(path);
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000;');
  // Readings change many pages of the unique index. With rare checkpoints a page is written once for many changes.
  database.exec('pragma wal_autocheckpoint = 4000; pragma cache_size = -32768;');
  prepareSchema(database, path);
  return database;
}
