/** A database file that can't be used as the store: damaged, of another program, or none at all. */
import { messageOf, systemError } from '../../core/errors.js';

/** What SQLite says of such files while they are opened and read for the first time. */
const CODES = ['SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_ERROR'];

/** Does the first work on the store at `path`; throws `STORE_DAMAGED` where that shows that its file is no store. */
export function namingDamage<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    // A SyntaxError is from the checkpoint, which is JSON.
    if (!CODES.includes((error as { code?: string }).code ?? '') && !(error instanceof SyntaxError)) throw error;
    throw systemError('STORE_DAMAGED', `${path} is no database of readings, or damaged: ${messageOf(error)}`, {
      hint: `Move it away, with the files ${path}-wal and -shm where there are any: a new one is made. \`sqlite3 FILE .recover\` gets out what can be saved.`,
      cause: error,
    });
  }
}
