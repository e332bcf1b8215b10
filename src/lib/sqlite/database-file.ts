/**
 * The file of a database in use. It is opened after a check; a damaged one is quarantined, and what can be read of it goes
 * into a new one. Others can delete or replace it under its handle, and what is written after that would be gone with the
 * process: then it is written anew from the handle. The new file is complete and on disk before it takes the place of the
 * old one, and a crash at any moment loses nothing: the next start goes on.
 */
import { existsSync, readdirSync, rmSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../errors/app-error.js';
import { abandonDatabase, closeDatabase, type Database, findDamage, isDamage, openSqlite } from './driver.js';
import { completeFile, finishRewrite, quarantine, writeBeside } from './replace-file.js';
import { type Salvaged, salvage } from './salvage.js';

/** A database was damaged: it is kept at `quarantined`, and a new one has the rows that could be read, by table. */
export interface DatabaseQuarantined {
  type: 'database-quarantined';
  path: string;
  quarantined: string;
  /** What was found first, in SQLite's words where they are. */
  problem: string;
  salvaged: Salvaged;
}

/** That others deleted or replaced the file of a database in use, and it was written back. */
export interface WrittenBack {
  /** What had happened to the file last: `deleted`, `replaced` or `emptied`. */
  problem: string;
  /** How often since the start. */
  times: number;
  /** Milliseconds since the last time. */
  agoMs: number;
}

export interface DatabaseFileOptions {
  path: string;
  /** Opens the database at a path, and creates it with its tables where there is none. */
  open(path: string): Database;
  onQuarantined(event: DatabaseQuarantined): void;
  /** A file of more bytes gets no quick check at its opening; for those whose owner checks them in the background. */
  checkedUpTo?: number;
}

/** Whoever asks once an hour hears that it was written back. */
const SHOWN_MS = 3_600_000;

export class DatabaseFile {
  readonly path: string;
  #database: Database | undefined;
  #opened: Stats | undefined;
  /**
   * The write-ahead log. SQLite makes it with the first write, and keeps it as long as the database is open. One that is
   * deleted before it was seen here is never missed: let the opening write something.
   */
  #log: Stats | undefined;
  #rewrites = { times: 0, problem: '', at: 0 };

  /** A missing file is created, unless its write-ahead log is still there. Throws what `open` throws. */
  constructor(private readonly options: DatabaseFileOptions) {
    this.path = options.path;
    this.#open();
  }

  /** Another one after {@link rewrite}. */
  get database(): Database {
    return this.#database ?? this.#open();
  }

  /** The damaged files that are kept beside it. */
  get quarantined(): string[] {
    const folder = dirname(this.path);
    const isQuarantined = (name: string) => name.startsWith(`${basename(this.path)}.damaged`) && !name.endsWith('-wal');
    // It may have become a file.
    const names = existsSync(`${folder}/.`) ? readdirSync(folder) : [];
    return names.filter(isQuarantined).map((name) => join(folder, name));
  }

  /** Undefined: it did not happen in the last hour. */
  get writtenBack(): WrittenBack | undefined {
    const { times, problem, at } = this.#rewrites;
    const agoMs = Math.round(performance.now() - at);
    return times === 0 || agoMs >= SHOWN_MS ? undefined : { problem, times, agoMs };
  }

  /**
   * Whether others have `deleted`, `replaced` or `emptied` it. It takes some microseconds: ask once a second, or before every
   * acknowledgement. `:memory:` never has a problem.
   */
  problem(): string | undefined {
    if (!this.#opened) return undefined;
    const log = statOf(`${this.path}-wal`);
    this.#log ??= log;
    return this.#problemOfFile() ?? (this.#log && difference(this.#log, log));
  }

  /** Of the database without its log. */
  #problemOfFile(): string | undefined {
    const now = statOf(this.path);
    return this.#opened && (difference(this.#opened, now) ?? (now?.size === 0 ? 'emptied' : undefined));
  }

  /**
   * Writes everything that the open handle holds to a new file; of a damaged one what can be read, which gives the rows by
   * table. `quarantined`: what was in its place, if that was something else. Call it outside of transactions. Throws when
   * it can't be written, and leaves everything as it is.
   */
  rewrite(problem: string, isDamaged = false): { salvaged: Salvaged | undefined; quarantined: string | undefined } {
    const { path, database } = this;
    const salvaged = isDamaged ? this.#salvage(database) : this.#copy(database);
    // Of the database itself the new one has everything.
    const copied = salvaged === undefined && this.#problemOfFile() === undefined;
    abandonDatabase(database);
    this.#database = undefined;
    const quarantined = finishRewrite(path, copied);
    this.#open();
    if (!salvaged) this.#rewrites = { times: this.#rewrites.times + 1, problem, at: performance.now() };
    return { salvaged, quarantined };
  }

  close(): void {
    if (this.#database) closeDatabase(this.#database);
  }

  #open(): Database {
    const { path } = this;
    const event = path === ':memory:' ? undefined : this.#replaceDamaged();
    const isNew = statOf(path) === undefined;
    let database: Database;
    try {
      database = this.options.open(path);
    } catch (error) {
      // Such as on a full disk. The next start would take it for one that somebody has emptied.
      if (isNew && statOf(path)?.size === 0) rmSync(path);
      throw error;
    }
    this.#database = database;
    this.#opened = path === ':memory:' ? undefined : statOf(path);
    this.#log = statOf(`${path}-wal`);
    if (event) this.options.onQuarantined(event);
    return database;
  }

  #replaceDamaged(): DatabaseQuarantined | undefined {
    const { path } = this;
    finishRewrite(path);
    const problem = findFileDamage(path, this.options.checkedUpTo);
    if (problem === undefined) return undefined;
    const quarantined = quarantine(path);
    const salvaged = this.#salvageFile(quarantined);
    finishRewrite(path);
    return { type: 'database-quarantined', path, quarantined, problem, salvaged };
  }

  #salvageFile(quarantined: string): Salvaged {
    if (!statOf(quarantined)?.size) {
      if (!statOf(`${quarantined}-wal`)?.size) return {};
      completeFile(quarantined);
    }
    const source = openSqlite(quarantined);
    try {
      return this.#salvage(source);
    } finally {
      abandonDatabase(source);
    }
  }

  #copy(source: Database): Salvaged | undefined {
    try {
      writeBeside(this.path, (to) => source.exec(`vacuum into '${to.replaceAll("'", "''")}'`));
      return undefined;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return this.#salvage(source);
    }
  }

  #salvage(source: Database): Salvaged {
    return writeBeside(this.path, (to) => {
      closeDatabase(this.options.open(to));
      return salvage(source, to);
    });
  }
}

/**
 * What is wrong with a database that nobody here has open; undefined: nothing, or it can't be checked now, which `open`
 * reports in its own words. It opens no file but by SQLite: closing one would end the locks that this process has on it.
 */
export function findFileDamage(path: string, checkedUpTo = Number.POSITIVE_INFINITY): string | undefined {
  const file = statOf(path);
  // SQLite would delete the write-ahead log of an empty or missing file, with all that is in it.
  if (!file) return statOf(`${path}-wal`)?.size ? 'the file is gone' : undefined;
  // What is no file is for SQLite to refuse.
  if (!file.isFile()) return undefined;
  if (file.size === 0) return 'the file is empty';
  // A connection of its own: nothing holds on to a file that is then quarantined.
  let database: Database | undefined;
  try {
    database = openSqlite(path);
    if (file.size <= checkedUpTo) return findDamage(database);
    database.prepare('pragma schema_version').get();
    return undefined;
  } catch (error) {
    return isDamage(error) ? messageOf(error) : undefined;
  } finally {
    if (database) abandonDatabase(database);
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    // A folder that can't be read any more hides it from the next start as well.
    return undefined;
  }
}

function difference(opened: Stats, now: Stats | undefined): string | undefined {
  if (!now) return 'deleted';
  // As long as the handle is open, its inode is not given to another file.
  return now.ino === opened.ino && now.dev === opened.dev ? undefined : 'replaced';
}
