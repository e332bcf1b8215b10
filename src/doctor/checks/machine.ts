/** Node, the disk and the memory. */
import { existsSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname } from 'node:path';
import { messageOf } from '../../lib/errors/app-error.js';
import { type Finding, forNetwork, ok, type Part, problem, skipped } from '../check.js';

/** An older Node than the program needs does not get here (`bin/wasm-sensors.js`). */
export const platform: Part = () => findPlatformProblem(() => import('../../lib/sqlite/driver.js'));

/** `load`: loads the stores' database, which has a binary for each platform. */
export async function findPlatformProblem(load: () => Promise<unknown>): Promise<Finding[]> {
  try {
    await load();
  } catch (error) {
    const why = `the database of the stores does not load on ${process.platform} ${process.arch}: ${messageOf(error).split('\n')[0]}`;
    return [problem('failure', why, 'Install this program again without leaving out optional packages: `npm ci`.')];
  }
  return ok(`Node ${process.versions.node} on ${process.platform} ${process.arch}`);
}

/** The queue's store stops taking messages before: it and its reserve need this much. */
const NEEDED_MB = 64;
/** A day of readings of a small fleet. */
const WANTED_MB = 512;

export const disk: Part = ({ stateDir }) => findDiskProblems(stateDir);

export function findDiskProblems(stateDir: string): Finding[] {
  const folder = nearestFolder(stateDir);
  const { bavail, blocks, bsize, ffree, files } = statfsSync(folder);
  // Such as /proc: its size says nothing.
  if (blocks === 0) return skipped(`${folder} is no disk`);
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
  return ok(`${free} of disk free`);
}

/** The path, or the nearest folder above it that exists. */
export const nearestFolder = (path: string): string => (existsSync(path) ? path : nearestFolder(dirname(path)));

export const memory = forNetwork(
  ({ memoryMb }) => memoryMb,
  (memoryMb, { up, settings }) =>
    up ? skipped('`up` runs and has its memory') : judgeMemory(availableMb(), memoryMb, settings.values.nodes),
);

/** `nodes`: in each region. */
export function judgeMemory(availableMb: number, neededMb: number, nodes: number): Finding[] {
  const why = `${availableMb} MB of memory are available, about ${neededMb} MB are needed`;
  if (availableMb >= neededMb) return ok(why);
  const fewer = nodes > 1 ? ', or use fewer --nodes' : '';
  // Systems swap and reclaim: only far too little is a failure.
  const status = availableMb * 2 < neededMb ? 'failure' : 'warning';
  return [problem(status, why, `Stop other programs${fewer}.`)];
}

/** Of the machine; at most what the control group may use that this process is in. */
const availableMb = () =>
  Math.floor(Math.min(freemem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 1e6);
