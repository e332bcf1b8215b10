/** A lock among the processes of this machine, held by a file. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors/app-error.js';
import { identify, isAlive, type ProcessId } from '../process/process-id.js';
import { createFileAtomic, readIfExists } from './durable-files.js';

const RETRY_MS = 25;

/**
 * Works while no other process works under the same lock. A process that died loses its lock. Rejects with `LOCKED` when
 * another one holds it for longer than `timeoutMs`.
 */
export async function withFileLock<T>(path: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  while (!tryLock(path)) {
    if (Date.now() > deadline) {
      throw new AppError('LOCKED', `another command holds ${path} for more than ${timeoutMs / 1000} s`, {
        hint: 'Wait for it, or stop it.',
      });
    }
    await sleep(RETRY_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path: string): boolean {
  if (createFileAtomic(path, JSON.stringify(identify('lock', process.pid)))) return true;
  const holder = readIfExists(path);
  if (holder !== undefined && !isAlive(JSON.parse(holder) as ProcessId)) rmSync(path, { force: true });
  return false;
}
