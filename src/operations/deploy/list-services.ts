/** What runs for a running `up`. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readRunState } from '../../runtime/run-state.js';

export interface ServiceRow {
  name: string;
  /** Left out where it does not run, such as before a restart, or is no process of this machine. */
  pid?: number;
  url?: string;
  /** It has run and does not run now. */
  stopped: boolean;
}

/**
 * What runs now, what has an address, and what has logged since this `up` began and does not run; then those `logged` ones
 * that are none of these.
 */
export function listServices(stateDir: string, logged: string[] = []): ServiceRow[] {
  const state = readRunState(stateDir);
  if (!state?.alive) return [];
  const pids = new Map([state.up, ...state.children].map(({ name, pid }) => [name, pid]));
  const logs = new Set(namesOfLogs(stateDir, state.began));
  const urls = new Map(Object.entries(state.endpoints) as [string, string][]);
  return [...new Set([...pids.keys(), ...urls.keys(), ...logs, ...logged])].map((name) => {
    const pid = pids.get(name);
    const url = urls.get(name);
    const stopped = pid === undefined && logs.has(name);
    return { name, stopped, ...(pid === undefined ? {} : { pid }), ...(url === undefined ? {} : { url }) };
  });
}

function namesOfLogs(stateDir: string, since: number): string[] {
  const folder = join(stateDir, 'logs');
  if (!statSync(folder, { throwIfNoEntry: false })) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.log') && statSync(join(folder, file)).mtimeMs >= since)
    .map((file) => file.slice(0, -'.log'.length));
}
