/** What tests of the compose network share: what they need, and a look at the engine itself. */
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { bacalhauImage } from '../../docker/images.js';
import { eventually } from './cli-harness.js';

/** One for each file of tests: files run side by side. */
export const PROJECT = `wasm-sensors-test-${process.pid}`;
/** Of everything that the engine has for it. */
export const LABEL = `com.docker.compose.project=${PROJECT}`;
/** A name of their own, so that tests never meet a network of somebody else. */
export const COMPOSE_ENV = {
  COMPOSE_PROJECT_NAME: PROJECT,
  PROXY_JOB_PORT: '0',
  PULLER_JOB_PORT: '0',
  REGISTRY_PORT: '0',
};

const NODE_IMAGE = 'node:20-bookworm-slim';
const run = promisify(execFile);

/** Runs docker; gives what it printed. */
export async function docker(...args: string[]): Promise<string> {
  return (await run('docker', args)).stdout.trim();
}

/** Why a compose network can't run here; undefined when it can. */
export function composeMissing(): string | undefined {
  const version = 'v1.9.3';
  const needs: [string, string[]][] = [
    ['no Docker engine', ['version']],
    ['no docker compose', ['compose', 'version']],
    ...[NODE_IMAGE, bacalhauImage(version), bacalhauImage(version, true)].map((image): [string, string[]] => [
      `no image ${image}`,
      ['image', 'inspect', image],
    ]),
  ];
  for (const [problem, args] of needs) {
    try {
      execFileSync('docker', args, { stdio: 'ignore', timeout: 20_000 });
    } catch {
      return problem;
    }
  }
  return undefined;
}

/** Kills the main processes of these containers, as far as they run, at once. */
export async function killOnHost(names: string[]): Promise<void> {
  const format = '{{if .State.Running}}{{.State.Pid}}{{end}}';
  const pids = await Promise.all(names.map((name) => docker('inspect', '--format', format, name).catch(() => '')));
  const onHost = ['--pid', 'host', '--user', '0', '--network', 'none', '--entrypoint', 'sh'];
  const running = pids.filter(Boolean).join(' ');
  if (running) await docker('run', '--rm', ...onHost, NODE_IMAGE, '-c', `kill -KILL ${running}`);
}

/**
 * Kills the main process of a container, as a crash does, and resolves when Docker has restarted it. (Docker does not
 * restart after `docker kill`; and from inside, a container's first process can't be killed.)
 */
export async function crashContainer(name: string, timeoutMs?: number): Promise<void> {
  const startedAt = () => docker('inspect', '--format', '{{.State.Running}} {{.State.StartedAt}}', name);
  const before = await startedAt();
  await killOnHost([name]);
  await eventually(
    `${name} running again`,
    async () => {
      const now = await startedAt();
      return now.startsWith('true') && now !== before;
    },
    timeoutMs,
  );
}

/** What the engine still has of the tests' network: containers and networks, not the data. */
export async function leftOver(): Promise<string[]> {
  const label = `label=${LABEL}`;
  const [containers, networks] = await Promise.all([
    docker('ps', '--all', '--filter', label, '--format', '{{.Names}}'),
    docker('network', 'ls', '--filter', label, '--format', '{{.Name}}'),
  ]);
  return [...containers.split('\n'), ...networks.split('\n')].filter(Boolean);
}
