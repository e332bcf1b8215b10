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
 * Resolves with the warnings. Rejects with `QUEUE_CREDENTIALS`, `QUEUE_DENIED`, `QUEUE_NOT_FOUND` …: what waiting does not
 * mend. A queue that does not answer may still come, and on a full disk the services still give out what they have.
 */
export async function checkBeforeUp(settings: Settings): Promise<Finding[]> {
  const found = [
    ...findDiskProblems(resolve(settings.stateDir)),
    ...(settings.queue === undefined ? [] : await checkQueue(settings)),
    ...(isPostgres(settings.store) ? await checkStore(settings.store) : []),
  ];
  return found.filter(({ status }) => status !== 'ok');
}

async function checkQueue(settings: Settings): Promise<Finding[]> {
  let found: Finding[];
  try {
    // Loaded late: the client of the queue is slow to load.
    const { findQueueProblems } = await import('./checks/queue.js');
    found = await findQueueProblems(settings);
  } catch (error) {
    if (!(error instanceof AppError) || error.fault === 'user') throw error;
    return [findingOf(error, 'warning')];
  }
  refuseFailures(found, 'QUEUE_DENIED');
  return found;
}

/** Rejects with `STORE_DENIED`, `STORE_UNREACHABLE` …: the puller would not start. */
async function checkStore(location: string): Promise<Finding[]> {
  const { findStoreProblems } = await import('./checks/store.js');
  const found = await findStoreProblems(location);
  refuseFailures(found, 'STORE_DENIED');
  return found;
}

function refuseFailures(found: Finding[], usual: ErrorCode): void {
  const failure = found.find(({ status }) => status === 'failure');
  if (!failure) return;
  const { code = usual, why, fix, details = [] } = failure;
  throw new AppError(code, why, { hint: fix, details });
}
