/** A database file that can't be used as the store: damaged, of another program, locked, or none at all. */
import { messageOf, systemError } from '../../lib/errors/app-error.js';

/** Does the first work on the store at `path`; throws `STORE_UNUSABLE` where that shows that its file is none. */
export function namingTrouble<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isOfDatabase(cause)) throw cause;
    throw systemError('STORE_UNUSABLE', `can't use the store ${path}: ${messageOf(cause)}`, {
      cause,
      hint: `It must be an SQLite file of readings in a folder that can be written. Mend that, or move it away (with ${path}-wal and -shm where there are any) for a new one to be made; \`sqlite3 FILE .recover\` gets out what can be saved.`,
    });
  }
}

function isOfDatabase(error: unknown): boolean {
  // The checkpoint is JSON.
  if (error instanceof SyntaxError) return true;
  // A file that can't be opened has no code in libsql.
  return /^SQLITE_/.test((error as { code?: string }).code ?? '') || /ConnectionFailed/.test(messageOf(error));
}
