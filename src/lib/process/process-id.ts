/** Identifies and stops processes, by pid *and* start time: a pid may be given to another process. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessId {
  name: string;
  pid: number;
  /** Opaque start time, which distinguishes processes of the same pid. */
  started: string;
}

/** The start time of a running process in the system's own form; undefined when it has exited (as a zombie has). */
export function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // Fields after the command in parentheses: [0] state, [19] start time in clock ticks since boot.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}

export function identify(name: string, pid: number): ProcessId | undefined {
  const started = startTimeOf(pid);
  return started === undefined ? undefined : { name, pid, started };
}

/** Whether exactly this process still runs. */
export const isAlive = ({ pid, started }: ProcessId): boolean => started !== undefined && startTimeOf(pid) === started;

/** Sends SIGTERM, and SIGKILL after `graceMs`. Resolves when all have exited, with those that ran at first. */
export async function stopProcesses(ids: ProcessId[], graceMs: number): Promise<ProcessId[]> {
  const alive = ids.filter(isAlive);
  signalAll(alive, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (alive.some(isAlive) && Date.now() < deadline) await sleep(20);
  signalAll(alive, 'SIGKILL');
  while (alive.some(isAlive)) await sleep(10);
  return alive;
}

export function signalAll(ids: ProcessId[], name: NodeJS.Signals): void {
  for (const id of ids) {
    if (!isAlive(id)) continue;
    try {
      process.kill(id.pid, name);
    } catch {
      // It exited a moment ago.
    }
  }
}
