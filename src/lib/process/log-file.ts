/** Log files that several runs of a program append to: they are bounded, and read from their end. */
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

/** A log that is longer than this when a program starts makes way for a new one. */
const MAX_BYTES = 10 * 1024 * 1024;
/** So much of the end of a log is looked at. */
const TAIL_BYTES = 65_536;

/**
 * Opens a log to append to, for its owner only; one that has become too long is renamed to `.1` first, which replaces
 * the older one. `from`: where what is written now begins, in bytes. The caller closes `fd`.
 */
export function openLog(path: string, maxBytes = MAX_BYTES): { fd: number; from: number } {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) renameSync(path, `${path}.1`);
  const fd = openSync(path, 'a', 0o600);
  return { fd, from: fstatSync(fd).size };
}

/**
 * The last `count` lines of a log, without blank ones; empty when there is no such file. Reads at most 64 KiB, and
 * nothing before `from`, in bytes: that is of earlier runs.
 */
export function lastLines(path: string, count: number, from = 0): string[] {
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const start = Math.max(from, size - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const length = readSync(fd, buffer, 0, buffer.length, start);
    return buffer
      .toString('utf8', 0, length)
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-count);
  } finally {
    closeSync(fd);
  }
}
