/** Small durable files. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Replaces a file so that, at any moment and also after a power cut, it holds either the old or the new text whole.
 * Creates the folder. `mode` applies from the first byte on.
 */
export function writeFileAtomic(path: string, text: string, mode = 0o600): void {
  renameSync(writeBeside(path, text, mode), path);
  syncFolder(dirname(path));
}

/** As {@link writeFileAtomic}, but only where no file was: of several that try at the same time one succeeds. */
export function createFileAtomic(path: string, text: string, mode = 0o600): boolean {
  const temporary = writeBeside(path, text, mode);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

/** Gives the name of a new file in the same folder that holds the text safely. */
function writeBeside(path: string, text: string, mode: number): string {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  const fd = openSync(temporary, 'w', mode);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return temporary;
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
