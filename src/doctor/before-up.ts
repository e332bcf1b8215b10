/**
 * What `up` checks before it starts anything, because it would show only as a time limit later. Without a queue of
 * somebody else that is one call of the file system.
 */
import { resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import type { ErrorCode } from '../lib/errors/codes.js';
import { isPostgres } from '../store/location.js';
import { type Finding, findingOf } from './check.js';
import { findDiskProblems } from './checks/machine.js';

/**
 * Resolves with the warnings. Rejects with `QUEUE_CREDENTIALS`, `QUEUE_DENIED`, `STORE_UNREACHABLE` …: what waiting does not
 * mend, and without what the puller would not start. A queue that does not answer may still come, and on a full disk the services still give out what they have.
 */
export async function checkBeforeUp(settings: Settings): Promise<Finding[]> {
  const { queue, store } = settings;
  const found = [
    ...findDiskProblems(resolve(settings.stateDir)),
    ...(queue === undefined ? [] : await problemsOf(queueProblems(settings), 'QUEUE_DENIED', true)),
    ...(isPostgres(store) ? await problemsOf(storeProblems(settings), 'STORE_DENIED', false) : []),
  ];
  return found.filter(({ status }) => status === 'warning' || status === 'failure');
}

// Loaded late: both clients are slow to load.
const queueProblems = async (settings: Settings) => (await import('./checks/queue.js')).findQueueProblems(settings);
const storeProblems = async (settings: Settings) => (await import('./checks/store.js')).findStoreProblems(settings);

/** `usual`: the code of a failure that has none. `mayCome`: one of the system is only a warning. */
async function problemsOf(finding: Promise<Finding[]>, usual: ErrorCode, mayCome: boolean): Promise<Finding[]> {
  const found = await finding.catch((error: unknown) => {
    if (mayCome && error instanceof AppError && error.fault === 'system') return [findingOf(error, 'warning')];
    throw error;
  });
  const failure = found.find(({ status }) => status === 'failure');
  if (!failure) return found;
  const { code = usual, why, fix, details = [] } = failure;
  throw new AppError(code, why, { hint: fix, details });
}
