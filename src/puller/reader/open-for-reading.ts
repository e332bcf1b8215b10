/** A connection to the store that can't change it, whatever is asked. */
import { existsSync } from 'node:fs';
import { AppError } from '../../lib/errors/app-error.js';
import { type Database, openSqlite } from '../../lib/sqlite/driver.js';
import { withStoreErrors } from '../../store/sqlite/store-errors.js';

/** Throws `NO_STORE` or `STORE_UNUSABLE`. */
export function openForReading(path: string): Database {
  if (!existsSync(path)) throw new AppError('NO_STORE', `there is no store at ${path}`);
  return withStoreErrors(path, () => {
    const database = openSqlite(path, { readOnly: true, timeoutMs: 5_000 });
    // Nothing is written to temporary files, such as to sort.
    database.exec('pragma query_only = on; pragma temp_store = memory');
    // Not before the first access does SQLite look whether it is a database.
    database.prepare('select count(*) from sqlite_master').get();
    return database;
  });
}
