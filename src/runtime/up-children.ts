/** Finds an `up` and its children without `run.json`: each child carries in its environment whose it is. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { processesWith } from '../lib/process/find-processes.js';
import { identify, isAlive, type ProcessId } from '../lib/process/process-id.js';

const VARIABLE = 'WASM_SENSORS_CHILD_OF';

/** The mark of a child of this process, which is the `up` of this state folder. */
export function markOfChild(name: string, stateDir: string): Record<string, string> {
  const { pid, started } = identify('up', process.pid)!;
  return { [VARIABLE]: JSON.stringify([name, pid, started, pathOf(stateDir)]) };
}

export interface Found {
  /** An `up` of this folder that runs. */
  up: ProcessId | undefined;
  /** Children of any `up` of this folder, running or not. */
  children: ProcessId[];
}

/** What runs for this state folder, whatever `run.json` says; nothing on systems where that can't be seen. */
export function findUpAndChildren(stateDir: string): Found {
  const path = pathOf(stateDir);
  const found: Found = { up: undefined, children: [] };
  for (const { pid, started, value } of processesWith(VARIABLE)) {
    const mark = parseMark(value);
    if (mark?.path !== path) continue;
    if (isAlive(mark.up)) found.up = mark.up;
    found.children.push({ name: mark.name, pid, started });
  }
  return found;
}

/** The state folder of the `up` whose child a process is. */
export function stateDirOfChild(pid: number): string | undefined {
  const value = processesWith(VARIABLE).find((found) => found.pid === pid)?.value;
  return value === undefined ? undefined : parseMark(value)?.path;
}

function parseMark(value: string): { name: string; up: ProcessId; path: string } | undefined {
  try {
    const [name, pid, started, path] = JSON.parse(value) as [string, number, string, string];
    return { name, up: { name: 'up', pid, started }, path };
  } catch {
    return undefined;
  }
}

/** One name for a folder that can be reached by several. */
function pathOf(stateDir: string): string {
  try {
    return realpathSync(stateDir);
  } catch {
    return resolve(stateDir);
  }
}
