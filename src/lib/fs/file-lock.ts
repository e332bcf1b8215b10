/** One at a time among the processes of this machine. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '../errors/app-error.js';
import { identify, isAlive, type ProcessId } from '../process/process-id.js';
import { createFileAtomic, readIfExists } from './durable-files.js';

const LOOK_EVERY_MS = 25;

/**
 * Does the work while no other process does the work of the same file. One that died with the lock loses it. Rejects with
 * `LOCKED` when another has it for longer than `timeoutMs`.
 */
export async function withFileLock<T>(path: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  while (!take(path)) {
    if (Date.now() > deadline) {
      throw systemError('LOCKED', `another command has ${path} for more than ${timeoutMs / 1000} s`, {
        hint: 'Wait for it, or end it.',
      });
    }
    await sleep(LOOK_EVERY_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  if (createFileAtomic(path, JSON.stringify(identify('lock', process.pid)))) return true;
  const holder = readIfExists(path);
  if (holder !== undefined && isAbandoned(holder)) rmSync(path, { force: true });
  return false;
}

function isAbandoned(holder: string): boolean {
  try {
    return !isAlive(JSON.parse(holder) as ProcessId);
  } catch {
    return true;
  }
}
