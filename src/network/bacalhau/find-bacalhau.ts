/** Finds the user's `bacalhau`. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import type { Settings } from '../../config/settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { ApiAddress } from './bacalhau-cli.js';
import { createBacalhauClient } from './bacalhau-client.js';

/**
 * The absolute path of `bacalhau`: the given one, or the first on PATH. Rejects with `BACALHAU_NOT_FOUND`.
 *
 * @param name a path, or a bare command name to look up on PATH
 */
export function findBacalhau(name = 'bacalhau'): string {
  const isPath = /[\\/]/.test(name);
  const folders = isPath ? ['.'] : (process.env.PATH ?? '').split(delimiter);
  const found = folders.map((folder) => resolve(folder, name)).find(isExecutable);
  if (found !== undefined) return found;
  const where = isPath ? `${resolve(name)} can't be run` : `there is no ${name} on PATH`;
  throw new AppError('BACALHAU_NOT_FOUND', where, {
    hint:
      'Install it (https://docs.bacalhau.org/getting-started/installation), or give its path with --bacalhau or ' +
      'BACALHAU_BIN. The embedded network (--network embedded) needs none.',
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Nothing of these answers in time where the program hangs. */
const TIMEOUT_MS = 10_000;

/** What networks need of the program, for `doctor`; `api`: which calls go to, if they go to any. */
export function bacalhauNeeds({ bacalhau }: Settings, api: ApiAddress = { host: '127.0.0.1', port: 1234 }) {
  const find = () => findBacalhau(bacalhau);
  return {
    find,
    /** `stateDir`: for the program's own files. */
    client: (stateDir: string) => createBacalhauClient({ path: find(), stateDir, api, timeoutMs: TIMEOUT_MS }),
  };
}
