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
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Replaces a file so that, at any moment and also after a power cut, it holds either the old or the new text whole.
 * Creates the folder. `mode` applies from the first byte on. A failure leaves nothing of the new text.
 */
export function writeFileAtomic(path: string, text: string, mode = 0o600): void {
  const temporary = writeBeside(path, text, mode);
  try {
    renameSync(temporary, path);
  } catch (error) {
    tryToRemove(temporary);
    throw error;
  }
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
  try {
    const fd = openSync(temporary, 'w', mode);
    try {
      // Unlike `writeSync` it goes on until everything is written.
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // On a full disk it would take what is left.
    tryToRemove(temporary);
    throw error;
  }
  return temporary;
}

/** For the clean-up after a failure, which is the one to tell of. */
function tryToRemove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is not there, or can't be removed either.
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
