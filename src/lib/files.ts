/** Small durable files. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { orDiskFull } from './disk-full.js';

/**
 * Replaces a file so that, at any moment and also after a power cut, it holds either the old or the new text whole.
 * Creates the folder. `mode` applies from the first byte on. Throws `DISK_FULL`.
 */
export function writeFileAtomic(path: string, text: string, mode = 0o600): void {
  writeBeside(path, text, mode, (temporary) => renameSync(temporary, path));
  syncFolder(dirname(path));
}

/** As {@link writeFileAtomic}, but only where no file was: of several that try at the same time one succeeds. */
export function createFileAtomic(path: string, text: string, mode = 0o600): boolean {
  try {
    writeBeside(path, text, mode, (temporary) => linkSync(temporary, path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Calls `use` with a new file in the same folder that holds the text safely, and leaves none behind. */
function writeBeside(path: string, text: string, mode: number, use: (temporary: string) => void): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(temporary, 'w', mode);
    try {
      // A disk that is nearly full takes a part of it only.
      for (let left = Buffer.from(text); left.length > 0; ) left = left.subarray(writeSync(fd, left));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    use(temporary);
  } catch (error) {
    throw orDiskFull(error, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** A rename is durable only when its folder is. */
function syncFolder(path: string): void {
  // Windows opens no folders.
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The text of a file, or undefined when there is none. */
export function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The last `count` lines of a log, without blank ones; empty when there is no such file. Reads at most 64 KiB. */
export function lastLines(path: string, count: number): string[] {
  const text = readIfExists(path) ?? '';
  return text
    .slice(-65_536)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
}
