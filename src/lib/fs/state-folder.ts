/** Explains why the state folder can't be used: no rights, read-only, full, or not a folder. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { AppError } from '../errors/app-error.js';

/** Answers of a file system that are no bugs of this program. */
const REASONS: Record<string, string> = {
  EACCES: 'access is denied',
  EPERM: 'it is not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a folder is needed where a file is',
  EEXIST: 'a folder is needed where a file is',
  EISDIR: 'a file is needed where a folder is',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

/**
 * Makes a folder, and those above it, one by one: where the file system takes none, such as `/proc`, Node would try to make
 * all of them at once for ever.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may just have made it.
    if (!existsSync(path)) throw error;
  }
}

const WRITING = ['write', 'fsync'];

/**
 * Turns a failure to read or write in `stateDir` into a `STATE_UNWRITABLE` that names the path. Any other error is
 * returned as it is.
 */
export function explainStateFailure(error: unknown, stateDir: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const { code, path: named, syscall } = error as NodeJS.ErrnoException;
  const reason = syscall === 'mkdir' && code === 'ENOENT' ? 'no folder can be made there' : REASONS[code ?? ''];
  const folder = resolve(stateDir);
  // The error of a write to an open file has no path.
  const failed = named ?? (WRITING.includes(syscall ?? '') ? stateDir : undefined);
  if (reason === undefined || failed === undefined) return error;
  const path = resolve(failed);
  if (!isWithin(path, folder) && !(syscall === 'mkdir' && isWithin(folder, path))) return error;
  return new AppError('STATE_UNWRITABLE', `can't use ${path}: ${reason}`, {
    cause: error,
    hint: `Fix that, or use another state folder than ${folder} with --state-dir.`,
  });
}

const isWithin = (path: string, folder: string) => path === folder || path.startsWith(folder + sep);
