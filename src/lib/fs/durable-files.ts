/** Small files that survive a crash or a power cut whole. */
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
 * Replaces a file so that at any moment, also after a power cut, it has either the old or the new text, whole. Creates
 * the folder. The file never has another mode than `mode`. A failure leaves nothing of the new text.
 */
export function writeFileAtomic(path: string, text: string | Uint8Array, mode = 0o600): void {
  const temporary = writeBeside(path, text, mode);
  try {
    renameSync(temporary, path);
  } catch (error) {
    tryToRemove(temporary);
    throw error;
  }
  syncFolder(dirname(path));
}

/** Like {@link writeFileAtomic}, but returns false when the file exists: of several concurrent calls one succeeds. */
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

/** Writes the text durably to a new file in the same folder; returns its path. */
function writeBeside(path: string, text: string | Uint8Array, mode: number): string {
  // As private as the file.
  mkdirSync(dirname(path), { recursive: true, mode: mode | ((mode & 0o444) >> 2) });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { mode, flush: true });
  } catch (error) {
    // On a full disk it would take the space that is left.
    tryToRemove(temporary);
    throw error;
  }
  return temporary;
}

/** Cleans up after a failure, which is the one to report. */
function tryToRemove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It does not exist, or can't be removed either.
  }
}

/** A rename is durable only after an fsync of its folder. */
export function syncFolder(path: string): void {
  // Windows can't open folders.
  if (process.platform !== 'win32') syncPath(path, 'r');
}

export function syncPath(path: string, flags: 'r' | 'r+'): void {
  const fd = openSync(path, flags);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Renames a damaged file to `….damaged`, so that somebody can examine it; replaces an older one. Returns the new path. */
export function quarantine(path: string): string {
  const quarantined = `${path}.damaged`;
  renameSync(path, quarantined);
  return quarantined;
}

/** The text of a file; undefined when it does not exist. */
export function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
