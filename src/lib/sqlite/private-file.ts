/** A database holds what others on this machine may not read. SQLite gives its write-ahead log the mode of the file. */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';

const PRIVATE = 0o600;

/**
 * Takes the rights of everybody else on a database and its log, before SQLite opens it; a missing one is created, empty.
 * Where that is not possible, SQLite says what is wrong with the path, or the file is somebody else's to protect.
 */
export function makePrivate(path: string): void {
  if (path === ':memory:') return;
  try {
    // A database that is there is not opened: closing it would end the locks that this process has on it.
    if (!existsSync(path)) closeSync(openSync(path, 'ax', PRIVATE));
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      const mode = statSync(file, { throwIfNoEntry: false })?.mode;
      if (mode !== undefined && (mode & 0o077) !== 0) chmodSync(file, PRIVATE);
    }
  } catch {
    // Opening it is what counts.
  }
}
