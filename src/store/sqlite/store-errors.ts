/** What is wrong with a file that should be a store of readings. */
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { isFull, resultCodeOf } from '../../lib/sqlite/driver.js';

/** Runs the first use of the store at `path`. Throws `STORE_UNUSABLE` when the file is not a usable store. */
export function withStoreErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw isStoreError(cause) ? unusableStore(path, cause) : cause;
  }
}

export const unusableStore = (path: string, cause: unknown) =>
  new AppError('STORE_UNUSABLE', `can't use the store ${path}: ${messageOf(cause)}`, {
    cause,
    hint: isFull(cause)
      ? 'The disk is full: make room. What the store holds is kept.'
      : `It must be an SQLite file of readings in a writable folder. Fix that, or move it away (with ${path}-wal and -shm if they exist), and a new store is created. \`sqlite3 FILE .recover\` saves what is readable.`,
  });

function isStoreError(error: unknown): boolean {
  // The checkpoint is not JSON.
  if (error instanceof SyntaxError) return true;
  const { code = '' } = error as { code?: string };
  return resultCodeOf(error) !== undefined || /^(EISDIR|EACCES|EPERM)$/.test(code);
}
