/**
 * Watches the files of an open database. Others can delete or replace them under its handle; what is written after that
 * is gone when the process exits.
 */
import { type Stats, statSync } from 'node:fs';

export type FileProblem = 'deleted' | 'replaced' | 'emptied';

export class DatabaseFile {
  readonly #path: string;
  readonly #opened: Stats | undefined;
  /**
   * The write-ahead log. SQLite makes it with the first write, and keeps it as long as the database is open. One that is
   * deleted before it was seen here is never missed: let the opening write something.
   */
  #log: Stats | undefined;

  /** Call it right after the database was opened in WAL mode. `:memory:` never has a problem. */
  constructor(path: string) {
    this.#path = path;
    this.#opened = path === ':memory:' ? undefined : statOf(path);
    this.#log = statOf(`${path}-wal`);
  }

  /** What has happened to the files. It takes some microseconds: ask once a second, or before every acknowledgement. */
  problem(): FileProblem | undefined {
    if (!this.#opened) return undefined;
    const database = statOf(this.#path);
    const log = statOf(`${this.#path}-wal`);
    this.#log ??= log;
    const problem = difference(this.#opened, database) ?? (this.#log && difference(this.#log, log));
    return problem ?? (database?.size === 0 ? 'emptied' : undefined);
  }

  /** Whether the database, without its log, is still the file that was opened, and not emptied. */
  get isOwn(): boolean {
    const now = statOf(this.#path);
    return this.#opened !== undefined && difference(this.#opened, now) === undefined && now!.size > 0;
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

function difference(opened: Stats, now: Stats | undefined): FileProblem | undefined {
  if (!now) return 'deleted';
  // As long as the handle is open, its inode is not given to another file.
  return now.ino === opened.ino && now.dev === opened.dev ? undefined : 'replaced';
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

/** Whoever reads it once an hour sees it. */
const SHOWN_MS = 3_600_000;

export class WrittenBackNote {
  times = 0;
  #problem = '';
  #at = 0;

  add(problem: string): void {
    this.times++;
    this.#problem = problem;
    this.#at = performance.now();
  }

  /** Undefined: it did not happen in the last hour. */
  get recent(): WrittenBack | undefined {
    const agoMs = Math.round(performance.now() - this.#at);
    return this.times === 0 || agoMs >= SHOWN_MS ? undefined : { problem: this.#problem, times: this.times, agoMs };
  }
}
