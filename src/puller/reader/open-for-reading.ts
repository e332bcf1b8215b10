/** A connection to the store that can't change it, whatever is asked. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import Database from 'libsql';
import { AppError } from '../../lib/errors/app-error.js';
import { withStoreErrors } from '../sinks/store-errors.js';

/** Throws `NO_STORE` or `STORE_UNUSABLE`. */
export function openForReading(path: string): Database.Database {
  if (!existsSync(path)) throw new AppError('NO_STORE', `there is no store at ${path}`);
  return withStoreErrors(path, () => {
    // libsql ignores its option `readonly`.
    const database = new Database(`${pathToFileURL(path)}?mode=ro`);
    // Nothing is written to temporary files, such as to sort.
    database.exec('pragma query_only = on; pragma temp_store = memory; pragma busy_timeout = 5000');
    // Not before the first access does SQLite look whether it is a database.
    database.prepare('select count(*) from sqlite_master').get();
    return database;
  });
}
