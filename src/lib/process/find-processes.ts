/** Finds processes by a variable of their environment, which nobody can take from a running process. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { identify, type ProcessId } from './process-id.js';

/**
 * Processes of this machine that were started with the variable, with its value; those of other users only for root. Only
 * Linux has an interface for it: elsewhere none are found. Processes of containers are left out, for what they call a path
 * is another file.
 */
export function processesWith(variable: string): { pid: number; started: string; value: string }[] {
  if (process.platform !== 'linux') return [];
  const prefix = `${variable}=`;
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const id = identify(name, pid);
    const value = id && valueIn(pid, prefix);
    // Read first and compared now: the process that has this pid is the one whose environment was read.
    return value === undefined || !sameProcess(id, pid) ? [] : [{ pid, started: id.started, value }];
  });
}

function valueIn(pid: number, prefix: string): string | undefined {
  try {
    if (readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt')) return undefined;
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return entries.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
  } catch {
    // It has exited, or is somebody else's.
    return undefined;
  }
}

const sameProcess = (id: ProcessId | undefined, pid: number): id is ProcessId =>
  id !== undefined && identify(id.name, pid)?.started === id.started;
