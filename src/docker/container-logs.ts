/** What containers of a compose project write, as `docker compose logs` gives it. */
import { spawn } from 'node:child_process';
import { LineSplitter } from '../lib/log/line-splitter.js';
import { containersOf } from './containers.js';

export interface ContainerLine {
  /** Of the container, in the compose file. */
  service: string;
  /** When it was written, RFC 3339 with nanoseconds. */
  at: string;
  line: string;
}

export interface ContainerLogsQuery {
  /** Newest lines of each container; all by default. */
  tail?: number;
  /** Lines from then on, RFC 3339. */
  since?: string;
  /** Goes on with new lines until it is aborted or all containers have stopped. */
  follow?: boolean;
  signal?: AbortSignal;
}

/** Between the container's name and its line. */
const LINE = /^(\S+) +\| (\d{4}-\S+Z) ?(.*)$/;

/** In the order of each container; the lines of one that was removed are gone. Without Docker there are none. */
export async function* containerLogs(project: string, query: ContainerLogsQuery = {}): AsyncGenerator<ContainerLine> {
  const { tail, since, follow, signal } = query;
  const services = new Map<string, string>();
  for (const { name, service } of await containersOf({ project })) {
    services.set(name, service);
    // Compose leaves the project out of names that it made itself.
    services.set(name.slice(project.length + 1), service);
  }
  const args = [
    ...`compose -p ${project} logs --no-color --timestamps`.split(' '),
    ...(tail === undefined ? [] : ['--tail', String(tail)]),
    ...(since === undefined ? [] : ['--since', since]),
    ...(follow ? ['--follow'] : []),
  ];
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'ignore'], ...(signal ? { signal } : {}) });
  // Aborted, or no Docker: the output ends.
  child.once('error', () => {});
  const splitter = new LineSplitter();
  try {
    for await (const chunk of child.stdout) {
      for (const text of splitter.push(chunk as Buffer)) {
        const [, name, at, line] = LINE.exec(text) ?? [];
        if (name && at && line) yield { service: services.get(name) ?? name, at, line };
      }
    }
  } finally {
    child.kill();
  }
}
