/** What processes take of this machine, from `/proc`. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { ProcessId } from '../lib/process/process-id.js';

export interface Usage {
  /** CPU seconds since the process began. */
  cpu: number;
  /** Resident memory in MB. */
  memory: number;
}

export function usages(processes: Pick<ProcessId, 'name' | 'pid'>[]): Map<string, Usage> {
  return new Map(processes.map(({ name, pid }) => [name, usageOf(pid)]));
}

/** Of a process. Ticks are hundredths of a second on every Linux that Node runs on. */
export function usageOf(pid: number): Usage {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, memory: (pages * 4096) / 1_048_576 };
}

/** Memory in MB with shared pages divided among those who share them: what one process more costs. */
export function ownMemory(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1];
  return Number(kilobytes) / 1024;
}

/** CPU seconds of everything on this machine since it began, this benchmark included: what is not idle. */
export function machineUsage(): number {
  const times = os.cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq);
  return times.reduce((sum, ms) => sum + ms, 0) / 1000;
}
