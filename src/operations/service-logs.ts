/** The processes of a running `up`, and the end of what each has logged. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines } from '../lib/process/log-file.js';
import { readRunState } from '../runtime/run-state.js';

export interface ServiceRow {
  name: string;
  /** Left out where it does not run, such as before a restart, or is no process of this machine. */
  pid?: number;
  url?: string;
  /** It has run and does not run now. */
  stopped: boolean;
}

/** What runs now, what has an address, and what has logged since this `up` began and does not run. */
export function listServices(stateDir: string): ServiceRow[] {
  const state = readRunState(stateDir);
  if (!state?.alive) return [];
  const pids = new Map([state.up, ...state.children].map(({ name, pid }) => [name, pid]));
  const logs = new Set(namesOfLogs(stateDir, state.began));
  const urls = new Map(Object.entries(state.endpoints) as [string, string][]);
  return [...new Set([...pids.keys(), ...urls.keys(), ...logs])].map((name) => {
    const pid = pids.get(name);
    const url = urls.get(name);
    const stopped = pid === undefined && logs.has(name);
    return { name, stopped, ...(pid === undefined ? {} : { pid }), ...(url === undefined ? {} : { url }) };
  });
}

/** The last `count` lines; none where it logs elsewhere. */
export const readServiceLog = (stateDir: string, service: string, count: number): string[] =>
  lastLines(join(stateDir, 'logs', `${service}.log`), count);

function namesOfLogs(stateDir: string, since: number): string[] {
  const folder = join(stateDir, 'logs');
  if (!statSync(folder, { throwIfNoEntry: false })) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.log') && statSync(join(folder, file)).mtimeMs >= since)
    .map((file) => file.slice(0, -'.log'.length));
}
