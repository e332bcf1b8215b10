/** Runs the user's `docker`. */
import { AppError } from '../lib/errors/app-error.js';
import { dockerFailure } from './docker-failures.js';

export interface DockerOptions {
  /** On top of this process's environment; `undefined` removes a variable. */
  env?: Record<string, string | undefined>;
  /** None by default. */
  timeoutMs?: number;
  onLine?(line: string): void;
  signal?: AbortSignal;
  /**
   * Runs the command apart from this process: a Ctrl-C of the terminal does not reach it, and it does not exit with this
   * process. Called with the pid when the command starts; the result is called when it exits.
   */
  apart?(pid: number): () => void;
}

/** Runs one command; resolves with its standard output, rejects with an `AppError` of `docker-failures.ts`. */
export async function docker(args: string[], options: DockerOptions = {}): Promise<string> {
  // Loaded late: most commands never call docker.
  const { execa } = await import('execa');
  const { env = {}, timeoutMs = 0, signal, apart, onLine } = options;
  const running = execa('docker', args, {
    stdin: 'ignore',
    env,
    timeout: timeoutMs,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    all: true,
    reject: false,
    detached: apart !== undefined,
    maxBuffer: 256 * 1024 * 1024,
  });
  // A callback that fails must not keep this from waiting for the command.
  const release = (async () => (running.pid === undefined ? undefined : apart?.(running.pid)))();
  release.catch(() => {});
  const lines = onLine
    ? (async () => {
        for await (const line of running.iterable({ from: 'all' })) onLine(line);
      })().catch(() => {})
    : undefined;
  const result = await running;
  await lines;
  (await release)?.();
  if (result.exitCode === 0) return result.stdout;
  if ((result as { code?: string }).code === 'ENOENT') {
    throw new AppError('DOCKER_NOT_FOUND', 'docker is not on the PATH', {
      hint: 'Install it (https://docs.docker.com/get-docker/). The networks embedded and native do not need it.',
    });
  }
  const late = result.timedOut ? `no answer within ${timeoutMs / 1000} s` : '';
  const [command = '', next = ''] = args;
  // Such as `network rm`, `compose up`: they are two words.
  const words = GROUPS.has(command) && !next.startsWith('-') ? `${command} ${next}` : command;
  throw dockerFailure(words, late || result.all || (result.originalMessage ?? ''), result.originalMessage);
}

/** Commands of docker that have commands of their own. */
const GROUPS = new Set(['network', 'volume', 'image', 'container', 'compose']);

/** The version of the engine. Rejects with `DOCKER_NOT_FOUND`, `DOCKER_NOT_RUNNING` or `DOCKER_DENIED`. */
export function requireEngine(): Promise<string> {
  return docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: 15_000 });
}

/** The first version with the global flag `--progress`. */
const OLDEST_COMPOSE = '2.19';

/** The version of Compose, which needs no engine. Rejects with `COMPOSE_MISSING` or `COMPOSE_TOO_OLD`. */
export async function requireCompose(): Promise<string> {
  const version = await docker('compose version --short'.split(' '));
  // What does not look like a version may be a new one.
  if (version.replace(/^v/, '').localeCompare(OLDEST_COMPOSE, 'en', { numeric: true }) >= 0) return version;
  throw new AppError('COMPOSE_TOO_OLD', `docker compose is version ${version}; ${OLDEST_COMPOSE} or newer is needed`, {
    hint: 'Update the compose plugin (https://docs.docker.com/compose/install/).',
  });
}
