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
    this.#opened = path === ':memory:' ? undefined : look(path);
    this.#log = look(`${path}-wal`);
  }

  /** What has happened to the files. It takes some microseconds: ask once a second, or before every acknowledgement. */
  problem(): FileProblem | undefined {
    if (!this.#opened) return undefined;
    const database = look(this.#path);
    const log = look(`${this.#path}-wal`);
    this.#log ??= log;
    const problem = difference(this.#opened, database) ?? (this.#log && difference(this.#log, log));
    return problem ?? (database?.size === 0 ? 'emptied' : undefined);
  }

  /** Whether the database, without its log, is still the file that was opened, and not emptied. */
  get isOwn(): boolean {
    const now = look(this.#path);
    return this.#opened !== undefined && difference(this.#opened, now) === undefined && now!.size > 0;
  }
}

function look(path: string): Stats | undefined {
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
