/** A full disk is a trouble of the machine, whichever of our files met it first. */
import { AppError } from '../core/errors.js';

/** No room, none left of what this user may take, no room for a database. */
const CODES = ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'];

/**
 * `DISK_FULL` for an error of the file system that says so; any other error as it is.
 *
 * @param path the file, where the error itself does not name it
 */
export function orDiskFull(error: unknown, path?: string): unknown {
  const { code = '', path: named = path } = (error ?? {}) as NodeJS.ErrnoException;
  if (!CODES.includes(code)) return error;
  const what = named === undefined ? 'a file could not be written' : `${named} could not be written`;
  return new AppError('DISK_FULL', 'system', `the disk is full: ${what}`, {
    cause: error,
    hint: 'Free some space there, or name a folder on another disk with --state-dir.',
  });
}
