/**
 * Writes a database anew, from an open handle whose file is gone or damaged. The new file is complete and on disk before
 * it takes the place of the old one, and a crash at any moment loses nothing: the next start goes on.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../fs/durable-files.js';
import { whileBusy } from '../process/report-busy.js';
import { closeDatabase } from './check-database.js';
import { type Database, isDamage } from './driver.js';
import { type Salvaged, salvage } from './salvage.js';

/** Opens the database at a path, and creates it with its tables where there is none. */
export type OpenDatabase = (path: string) => Database;

const LOGS = ['-wal', '-shm', '-journal'];
const rewritten = (path: string) => `${path}.rewritten`;

/**
 * Writes everything that `source` holds beside `path`; {@link finishRewrite} puts it there once `source` is closed. Returns
 * the rows that could be read if `source` is damaged; undefined: everything. Call it outside of transactions.
 */
export function beginRewrite(source: Database, path: string, open: OpenDatabase): Salvaged | undefined {
  try {
    writeBeside(path, (to) => source.exec(`VACUUM INTO '${to.replaceAll("'", "''")}'`));
    return undefined;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return beginSalvage(source, path, open);
  }
}

/** As {@link beginRewrite}, for a `source` that is known to be damaged. */
export function beginSalvage(source: Database, path: string, open: OpenDatabase): Salvaged {
  return writeBeside(path, (to) => {
    closeDatabase(open(to));
    return salvage(source, to);
  });
}

function writeBeside<T>(path: string, write: (to: string) => T): T {
  const unfinished = `${path}.writing`;
  remove(unfinished);
  mkdirSync(dirname(path), { recursive: true });
  try {
    const result = whileBusy(() => write(unfinished));
    sync(unfinished);
    renameSync(unfinished, rewritten(path));
    syncFolder(dirname(path));
    return result;
  } catch (error) {
    // On a full disk it would use up the rest.
    remove(unfinished);
    throw error;
  }
}

/**
 * Puts a rewritten database in its place, if there is one. What is there is quarantined, which gives its new path;
 * `copied`: it is the database itself, of which the new one has everything, so it is removed.
 */
export function finishRewrite(path: string, copied = false): string | undefined {
  if (!existsSync(rewritten(path))) return undefined;
  if (copied) rmSync(path, { force: true });
  const quarantined = existsSync(path) ? quarantineDatabase(path) : undefined;
  // The log of the old database would be taken for one of the new.
  for (const log of LOGS) rmSync(path + log, { force: true });
  renameSync(rewritten(path), path);
  syncFolder(dirname(path));
  return quarantined;
}

/** Renames a database and its log to `….damaged`, or `….damaged-2` where that exists; gives the new path. */
export function quarantineDatabase(path: string): string {
  let quarantined = `${path}.damaged`;
  for (let n = 2; existsSync(quarantined) || existsSync(`${quarantined}-wal`); n++)
    quarantined = `${path}.damaged-${n}`;
  for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) renameSync(path + suffix, quarantined + suffix);
  return quarantined;
}

/** The damaged databases that {@link quarantineDatabase} has left beside `path`. */
export function quarantinedDatabases(path: string): string[] {
  const folder = dirname(path);
  const isQuarantined = (name: string) => name.startsWith(`${basename(path)}.damaged`) && !name.endsWith('-wal');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter(isQuarantined).map((name) => join(folder, name));
}

function remove(path: string): void {
  for (const suffix of ['', ...LOGS]) rmSync(path + suffix, { force: true });
}

function sync(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
