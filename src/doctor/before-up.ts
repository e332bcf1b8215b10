/**
 * What `up` checks before it starts anything, because it would show only as a time limit later. Without a queue of
 * somebody else that is one call of the file system.
 */
import { resolve } from 'node:path';
import type { Settings } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import { type Finding, findingOf } from './check.js';
import { findDiskProblems } from './checks/machine.js';

/**
 * Resolves with the warnings. Rejects with `QUEUE_CREDENTIALS`, `QUEUE_DENIED`, `QUEUE_NOT_FOUND` …: what waiting does not
 * mend. A queue that does not answer may still come, and on a full disk the services still give out what they have.
 */
export async function checkBeforeUp(settings: Settings): Promise<Finding[]> {
  const found = [
    ...findDiskProblems(resolve(settings.stateDir)),
    ...(settings.queue === undefined ? [] : await findQueueProblems(settings)),
  ];
  return found.filter(({ status }) => status !== 'ok');
}

async function findQueueProblems(settings: Settings): Promise<Finding[]> {
  // The SDK takes 70 ms to load.
  const [{ checkRights }, { findIdentity }, { queueOptions }] = await Promise.all([
    import('./checks/queue.js'),
    import('../queue/aws-identity.js'),
    import('../queue/open-queue.js'),
  ]);
  let found: Finding[];
  try {
    const identity = settings.queueUnsigned ? undefined : await findIdentity(queueOptions(settings));
    found = await checkRights(settings, identity?.credentials);
  } catch (error) {
    if (!(error instanceof AppError) || error.fault === 'user') throw error;
    return [findingOf(error, 'warning')];
  }
  const failure = found.find(({ status }) => status === 'failure');
  if (!failure) return found;
  const { code = 'QUEUE_DENIED', why, fix, details = [] } = failure;
  throw new AppError(code, why, { hint: fix, details });
}
