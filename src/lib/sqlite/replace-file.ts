/** Replaces the file of a database: at any moment, also after a crash, either the old or the new one is there, whole. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder, syncPath } from '../fs/durable-files.js';
import { whileBusy } from '../process/shutdown.js';

const LOGS = ['-wal', '-shm', '-journal'];
const rewritten = (path: string) => `${path}.rewritten`;

/** Calls `write` with the path of a new file; {@link finishRewrite} puts it in its place. */
export function writeBeside<T>(path: string, write: (to: string) => T): T {
  const unfinished = `${path}.writing`;
  const remove = () => {
    for (const suffix of ['', ...LOGS]) rmSync(unfinished + suffix, { force: true });
  };
  remove();
  mkdirSync(dirname(path), { recursive: true });
  try {
    const result = whileBusy(() => write(unfinished));
    syncPath(unfinished, 'r+');
    renameSync(unfinished, rewritten(path));
    syncFolder(dirname(path));
    return result;
  } catch (error) {
    // On a full disk it would use up the rest.
    remove();
    throw error;
  }
}

/** Puts a file that was written anew in its place, if there is one. What is there is quarantined, or removed if `copied`. */
export function finishRewrite(path: string, copied = false): string | undefined {
  if (!existsSync(rewritten(path))) return undefined;
  if (copied) rmSync(path, { force: true });
  const quarantined = existsSync(path) ? quarantine(path) : undefined;
  // The log of the old database would be taken for one of the new.
  for (const log of LOGS) rmSync(path + log, { force: true });
  renameSync(rewritten(path), path);
  syncFolder(dirname(path));
  return quarantined;
}

/** Renames a database and its log to `….damaged`, or `….damaged-2` where that exists; gives the new path. */
export function quarantine(path: string): string {
  let to = `${path}.damaged`;
  for (let n = 2; existsSync(to) || existsSync(`${to}-wal`); n++) to = `${path}.damaged-${n}`;
  for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) renameSync(path + suffix, to + suffix);
  return to;
}

/**
 * Makes an empty or missing file one of a single page. In a database that is still small the write-ahead log has every page,
 * which SQLite reads beside such a file (https://sqlite.org/fileformat2.html#walformat).
 */
export function completeFile(path: string): void {
  const pageSize = readFileSync(`${path}-wal`).readUInt32BE(8);
  writeFileSync(path, Buffer.alloc(pageSize));
}
