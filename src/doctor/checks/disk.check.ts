import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Check, type Finding, ok, problem } from '../check.js';

/** The queue's store stops taking messages before: it and its reserve need this much. */
const NEEDED_MB = 64;
/** A day of readings of a small fleet. */
const WANTED_MB = 512;

export const disk: Check = {
  name: 'disk',
  run: ({ stateDir }) => findDiskProblems(stateDir),
};

export function findDiskProblems(stateDir: string): Finding[] {
  const folder = existing(stateDir);
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  return judgeDisk({ folder, freeMb: Math.floor((bavail * bsize) / 1e6), noFiles: files > 0 && ffree === 0 });
}

/** `noFiles`: the disk can hold no more files, whatever their size. */
export function judgeDisk(seen: { folder: string; freeMb: number; noFiles: boolean }): Finding[] {
  const { folder, freeMb, noFiles } = seen;
  const fix = `Free some (\`df -h ${folder}\` shows the disk), or use another folder with --state-dir.`;
  if (noFiles) return [problem('failure', `the disk of ${folder} can hold no more files`, fix)];
  const free = freeMb < 1000 ? `${freeMb} MB` : `${(freeMb / 1000).toFixed(1)} GB`;
  if (freeMb < NEEDED_MB) {
    return [problem('failure', `only ${free} free at ${folder}; ${NEEDED_MB} MB are needed`, fix)];
  }
  if (freeMb < WANTED_MB) return [problem('warning', `only ${free} free at ${folder}`, fix)];
  return ok(`${free} free`);
}

/** The folder, or the nearest one above that exists. */
const existing = (path: string): string => (existsSync(path) ? path : existing(dirname(path)));
