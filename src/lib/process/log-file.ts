/** Log files that the runs of a program append to; their size is bounded, and only their end is read. */
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { lastLinesOf } from '../errors/known-failures.js';

/** A longer log is replaced when the program starts. */
const MAX_BYTES = 10 * 1024 * 1024;
/** How much of the end of a log is read. */
const TAIL_BYTES = 65_536;

/**
 * Opens a log to append to, readable by its owner only. A log that is too long is renamed to `.1` first, replacing an
 * older one. `from`: where the output of this run begins, in bytes. The caller closes `fd`.
 */
export function openLog(path: string, maxBytes = MAX_BYTES): { fd: number; from: number } {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) renameSync(path, `${path}.1`);
  const fd = openSync(path, 'a', 0o600);
  return { fd, from: fstatSync(fd).size };
}

/**
 * The last `count` lines of a log, without blank ones; none when the file does not exist. Reads at most 64 KiB, and
 * nothing before byte `from`, which earlier runs wrote.
 */
export function lastLines(path: string, count: number, from = 0): string[] {
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const start = Math.max(from, size - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const length = readSync(fd, buffer, 0, buffer.length, start);
    return lastLinesOf(buffer.toString('utf8', 0, length), count);
  } finally {
    closeSync(fd);
  }
}
