/** A quick check of a database that another process may have open. */
import { messageOf } from '../errors/app-error.js';
import { findDamage } from './check-database.js';
import { isDamage, openSqlite } from './driver.js';

/** The first damage that a quick check finds; undefined: there is none, or it can't be checked now. */
export function quickCheck(path: string): string | undefined {
  try {
    const database = openSqlite(path, { readOnly: true });
    try {
      return findDamage(database);
    } finally {
      database.close();
    }
  } catch (error) {
    return isDamage(error) ? messageOf(error) : undefined;
  }
}
