/** Memory of each program while the faults happen: a limit for each, and a line that must stay flat. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine, Running } from './machine/machine.js';

/** The promise of SECURITY.md, in MB. */
const MAX_MB = 512;
/** From the first third to the last: what garbage collection and caches take, and no leak. */
const TOLERANCE_MB = 48;
const TOLERANCE = 1.25;
/** A shorter course is that of a program which has only begun. */
const MIN_SAMPLES = 30;

/** Samples until it is stopped; while programs restart some are missing. */
export function watchMemory(machine: Machine, everyMs: number): { stop(): Promise<Running[][]> } {
  const samples: Running[][] = [];
  let stopped = false;
  const sampling = (async () => {
    while (!stopped) {
      samples.push(await machine.running().catch(() => []));
      await sleep(everyMs);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await sampling;
      return samples;
    },
  };
}

/** The course of each program, as a line; problems: those that are not flat, or above the limit. */
export function judgeMemory(samples: Running[][]): { lines: string[]; problems: string[] } {
  const lines: string[] = [];
  const problems: string[] = [];
  for (const [name, course] of coursesOf(samples)) {
    const all = course.map(({ memory }) => memory);
    const third = Math.floor(all.length / 3);
    const [first, last, peak] = [median(all.slice(0, third)), median(all.slice(-third)), Math.max(...all)];
    const processes = new Set(course.map(({ pid }) => pid)).size;
    const line = `memory of ${name}: ${first.toFixed(0)} MB in the first third, ${last.toFixed(0)} in the last, at most ${peak.toFixed(0)} (${all.length} samples, ${processes} processes)`;
    lines.push(line);
    const grows = all.length >= MIN_SAMPLES && last > first * TOLERANCE + TOLERANCE_MB;
    if (grows || peak > MAX_MB) problems.push(`${grows ? 'not flat' : `above ${MAX_MB} MB`}: ${line}`);
  }
  return { lines, problems };
}

function coursesOf(samples: Running[][]): Map<string, Running[]> {
  const courses = new Map<string, Running[]>();
  for (const sample of samples.flat()) {
    if (!courses.get(sample.name)?.push(sample)) courses.set(sample.name, [sample]);
  }
  return courses;
}

function median(numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
