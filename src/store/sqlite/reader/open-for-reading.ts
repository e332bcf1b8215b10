/** A connection to the store that can't change it or open another file, whatever is asked. */
import { existsSync } from 'node:fs';
import { AppError } from '../../../lib/errors/app-error.js';
import { type Database, openSqlite } from '../../../lib/sqlite/driver.js';
import { withStoreErrors } from '../store-errors.js';
import { allowOnlyReading } from './statement-guard.js';

/** Throws `NO_STORE` or `STORE_UNUSABLE`. */
export function openForReading(path: string): Database {
  if (!existsSync(path)) throw new AppError('NO_STORE', `there is no store at ${path}`);
  return withStoreErrors(path, () => {
    const database = openSqlite(path, { readOnly: true, timeoutMs: 5_000 });
    // Nothing is written to temporary files, such as to sort. The file and its views may be from elsewhere.
    database.exec(
      'pragma query_only = on; pragma temp_store = memory; pragma trusted_schema = off; pragma cell_size_check = on',
    );
    // With its first access SQLite looks whether it is a database.
    allowOnlyReading(database);
    return database;
  });
}
