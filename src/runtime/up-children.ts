/** Finds an `up` and its children without `run.json`: each child carries in its environment whose it is. */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { identify, isAlive, type ProcessId } from '../lib/process/process-id.js';
import { readRunState } from './run-state.js';

/** Nobody can take it from a running process. */
const VARIABLE = 'WASM_SENSORS_CHILD_OF';

/** The mark of a child of this process, which is the `up` of this state folder. */
export function markOfChild(name: string, stateDir: string): Record<string, string> {
  const { pid, started } = identify('up', process.pid)!;
  return { [VARIABLE]: JSON.stringify([name, pid, started, pathOf(stateDir)]) };
}

/**
 * What runs for this state folder, whatever `run.json` says: its `up`, and children of any `up`. Nothing on systems where
 * that can't be seen.
 */
export function findUpAndChildren(stateDir: string): { up: ProcessId | undefined; children: ProcessId[] } {
  const path = pathOf(stateDir);
  const found = markedProcesses().filter((one) => one.stateDir === path);
  return { up: found.find(({ up }) => isAlive(up))?.up, children: found.map(({ child }) => child) };
}

/** The state folder of a running network of this machine whose addresses have this port. */
export function stateDirOfPort(port: number): string | undefined {
  const hasPort = (stateDir: string) => {
    try {
      const urls = Object.values(readRunState(stateDir)?.endpoints ?? {});
      return urls.some((url) => url !== undefined && new URL(url).port === String(port));
    } catch {
      return false;
    }
  };
  return [...new Set(markedProcesses().map(({ stateDir }) => stateDir))].find(hasPort);
}

/**
 * Those of this machine; those of other users only for root. Only Linux has an interface for it: elsewhere none are found.
 * Processes of containers are left out, for what they call a path is another file.
 */
function markedProcesses(): { child: ProcessId; up: ProcessId; stateDir: string }[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    // Read first and compared afterwards: the process that has this pid is the one whose environment was read.
    const before = identify(name, pid);
    try {
      if (readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt')) return [];
      const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      const mark = entries.find((entry) => entry.startsWith(`${VARIABLE}=`))?.slice(VARIABLE.length + 1);
      if (mark === undefined || !before || !isAlive(before)) return [];
      const [child, upPid, upStarted, stateDir] = JSON.parse(mark) as [string, number, string, string];
      return [{ child: { ...before, name: child }, up: { name: 'up', pid: upPid, started: upStarted }, stateDir }];
    } catch {
      // It has exited, or is somebody else's; or the variable holds something else.
      return [];
    }
  });
}

/** One name for a folder that can be reached by several. */
function pathOf(stateDir: string): string {
  try {
    return realpathSync(stateDir);
  } catch {
    return resolve(stateDir);
  }
}
