/** What a PostgreSQL server on this machine takes of it. */
import { existsSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { usageOf } from './usage.js';

/** The process of a server on this machine. */
export async function serverOf(store: string): Promise<number> {
  const client = new pg.Client({ connectionString: store });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const pid = fieldsOf(rows[0]!.pid)[1]!;
  await client.end();
  return pid;
}

/** CPU seconds of a process and all that it has had. */
export function withChildren(pid: number): number {
  for (;;) {
    try {
      return cpuOfTree(pid);
    } catch (error) {
      // One of them ended meanwhile, and is among those that have.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !existsSync(`/proc/${pid}`)) throw error;
    }
  }
}

function cpuOfTree(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const [ended = 0, endedInSystem = 0] = fieldsOf(pid).slice(13, 15);
  return [pid, ...children].reduce((sum, id) => sum + usageOf(id).cpu, (ended + endedInSystem) / 100);
}

/** From the state on. */
const fieldsOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .map(Number);
