/** One at a time among the processes of this machine. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '../core/errors.js';
import { identify, isAlive, type ProcessId } from './processes.js';

const LOOK_EVERY_MS = 25;
/** Between a file and what is in it. */
const WRITTEN_MS = 2000;

/**
 * Does the work while no other process does the work of the same file. One that died with the lock loses it. Rejects with
 * `LOCKED` when another has it for longer than `timeoutMs`.
 */
export async function alone<T>(path: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
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
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, JSON.stringify(identify('lock', process.pid)), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (isAbandoned(path)) rmSync(path, { force: true });
  return false;
}

function isAbandoned(path: string): boolean {
  try {
    return !isAlive(JSON.parse(readFileSync(path, 'utf8')) as ProcessId);
  } catch {
    // It is just being written, or was given up.
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    return written !== undefined && Date.now() - written > WRITTEN_MS;
  }
}
