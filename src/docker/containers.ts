/** Containers, as the engine describes them, and what they write. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from '../lib/errors/app-error.js';
import { parseOutput } from '../lib/errors/known-failures.js';
import { LineSplitter } from '../lib/log/line-splitter.js';
import { type DockerOptions, docker } from './docker-cli.js';
import { dockerFailure } from './docker-failures.js';

/** Label of everything that an `up` creates in Docker; its value is the state folder of that `up`. */
export const OWNER_LABEL = 'wasm-sensors.state-dir';
export const PROJECT_LABEL = 'com.docker.compose.project';
const SERVICE_LABEL = 'com.docker.compose.service';

const containerSchema = z
  .object({
    Name: z.string(),
    RestartCount: z.number(),
    Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
    State: z.object({
      Status: z.string(),
      ExitCode: z.number(),
      StartedAt: z.string(),
      Health: z.object({ Status: z.string() }).nullish(),
    }),
    NetworkSettings: z.object({ Networks: z.record(z.string(), z.object({ IPAddress: z.string() })).nullish() }),
  })
  .transform(({ Name, RestartCount, Config, State, NetworkSettings }) => {
    const labels = Config.Labels ?? {};
    return {
      name: Name.replace(/^\//, ''),
      /** In the compose file. */
      service: labels[SERVICE_LABEL] ?? '',
      /** State folder of the `up` that created it; empty when it was started by hand. */
      owner: labels[OWNER_LABEL] ?? '',
      /** `running`, `exited`, `restarting`, `created`, `dead`, `paused`. */
      state: State.Status,
      exitCode: State.ExitCode,
      /** `healthy`, `unhealthy` or `starting`; undefined without a health check. */
      health: State.Health?.Status,
      /** How often Docker restarted it by itself. */
      restarts: RestartCount,
      /** Of its newest run. */
      startedAt: State.StartedAt,
      /** Its address in each network that it is in; empty while it does not run. */
      networks: Object.fromEntries(
        Object.entries(NetworkSettings.Networks ?? {}).map(([network, { IPAddress }]) => [network, IPAddress]),
      ),
    };
  });
const containersSchema = z.array(containerSchema);
export type Container = z.output<typeof containerSchema>;

/** When a container is removed between the two calls, the second one fails. A whole project takes seconds to go. */
const TRIES = 20;
const TRY_AGAIN_MS = 250;

/** All containers of a compose project, or of a state folder, whatever their state. Rejects with `DOCKER_OUTPUT`, and as `docker` does. */
export async function containersOf(
  filter: { project: string } | { owner: string },
  options: Pick<DockerOptions, 'timeoutMs' | 'signal'> = {},
): Promise<Container[]> {
  const label = 'project' in filter ? `${PROJECT_LABEL}=${filter.project}` : `${OWNER_LABEL}=${filter.owner}`;
  for (let tries = 1; ; tries++) {
    const ids = await docker(['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${label}`], options);
    if (ids === '') return [];
    try {
      const found = await docker(['inspect', '--type', 'container', ...ids.split('\n')], options);
      const hint =
        'Another program may answer to `docker`, such as a wrapper that prints something of its own. Please report it with `docker version`.';
      return parseOutput(containersSchema, found, 'DOCKER_OUTPUT', "can't read what docker inspect printed", hint);
    } catch (error) {
      if (tries === TRIES || !/no such container/i.test(messageOf(error))) throw error;
      await sleep(TRY_AGAIN_MS, undefined, { signal: options.signal });
    }
  }
}

/** The last lines that a container wrote, if it is still there; `until`: those before this time, in the engine's notation. */
export async function lastLogLines(container: string, count: number, until?: string): Promise<string[]> {
  const before = until === undefined ? [] : ['--until', until];
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  await docker(['logs', '--tail', String(count), ...before, container], { onLine }).catch(() => {});
  return lines.filter((line) => line.trim() !== '');
}

/** Characters of its standard error. */
const MOST_SAID = 4096;
/** Between the container's name and its line. */
const LINE = /^(\S+) +\| (\d{4}-\S+Z) ?(.*)$/;

/**
 * In the order of each container; the lines of one that was removed are gone. Where Compose fails, what it says is a line of the
 * service `docker`; a reader that follows asks again.
 */
export async function* containerLogs(
  project: string,
  query: { tail?: number; since?: number; follow?: boolean; signal?: AbortSignal },
): AsyncGenerator<{ service: string; time: number; line: string }> {
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
    ...(since === undefined ? [] : ['--since', new Date(since).toISOString()]),
    ...(follow ? ['--follow'] : []),
  ];
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'], ...(signal ? { signal } : {}) });
  // Aborted, or no Docker: the output ends.
  child.once('error', () => {});
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-MOST_SAID);
  });
  const splitter = new LineSplitter();
  try {
    for await (const chunk of child.stdout) {
      for (const text of splitter.push(chunk as Buffer)) {
        const [, name, at, line] = LINE.exec(text) ?? [];
        if (name && at && line) yield { service: services.get(name) ?? name, time: Date.parse(at), line };
      }
    }
    if (!follow && ((await ended) ?? 0) > 0) {
      const { message } = dockerFailure('compose logs', said);
      yield { service: 'docker', time: Date.now(), line: `error: ${message}` };
    }
  } finally {
    child.kill();
  }
}
