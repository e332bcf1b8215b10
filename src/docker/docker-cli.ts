/** Runs the user's `docker`. */
import { AppError } from '../lib/errors/app-error.js';
import { dockerFailure, dockerMissing } from './docker-failures.js';

export interface DockerOptions {
  /** Given on standard input; the way for secrets. */
  input?: string;
  /** On top of this process's environment; `undefined` takes a variable out. */
  env?: Record<string, string | undefined>;
  /** In milliseconds; none by default. */
  timeoutMs?: number;
  /** Every line that it prints, as it comes. */
  onLine?(line: string): void;
  /** Ends it. */
  signal?: AbortSignal;
  /**
   * A Ctrl-C in the terminal does not reach it, nor does it end with this process. Given the pid, it is told when the
   * command has begun; what that gives is called at the end.
   */
  apart?(pid: number): () => void;
}

/** Runs one command; resolves with its standard output, rejects with an `AppError` of `failures.ts`. */
export async function docker(args: string[], options: DockerOptions = {}): Promise<string> {
  // Loaded late: commands that never call docker shall not pay for it.
  const { execa } = await import('execa');
  const running = execa('docker', args, {
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    all: true,
    reject: false,
    detached: options.apart !== undefined,
    maxBuffer: 256 * 1024 * 1024,
  });
  const { onLine } = options;
  // Whatever its caller makes of it, the command is waited for: else nobody would know when it ends.
  const begun = (async () => (running.pid === undefined ? undefined : options.apart?.(running.pid)))();
  begun.catch(() => {});
  const lines = onLine
    ? (async () => {
        for await (const line of running.iterable({ from: 'all' })) onLine(line);
      })().catch(() => {})
    : undefined;
  const result = await running;
  await lines;
  (await begun)?.();
  if (result.exitCode === 0) return result.stdout;
  if ((result as { code?: string }).code === 'ENOENT') throw dockerMissing();
  const said = result.timedOut ? `no answer within ${(options.timeoutMs ?? 0) / 1000} s` : '';
  throw dockerFailure(callOf(args), said || result.all || (result.originalMessage ?? ''), result.originalMessage);
}

const TAKES_VALUE = /^(-[pf]|--progress|--profile|--filter|--format)$/;

/** The command's words, without options and their values. */
function callOf(args: string[]): string {
  return args
    .filter((arg, index) => !arg.startsWith('-') && !TAKES_VALUE.test(args[index - 1] ?? ''))
    .slice(0, 2)
    .join(' ');
}

/** Makes sure of an engine that answers. Rejects with `DOCKER_NOT_FOUND`, `DOCKER_NOT_RUNNING` or `DOCKER_DENIED`. */
export async function requireEngine(): Promise<void> {
  await docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: 15_000 });
}

/**
 * Makes sure of an engine that answers and of a compose that will do. Rejects with `DOCKER_NOT_FOUND`,
 * `DOCKER_NOT_RUNNING`, `DOCKER_DENIED`, `COMPOSE_MISSING` or `COMPOSE_TOO_OLD`.
 */
export async function requireDocker(): Promise<void> {
  const compose = docker(['compose', 'version', '--short']).catch((error: AppError) => error);
  await requireEngine();
  const version = await compose;
  if (typeof version === 'string') return requireNewCompose(version);
  if (version.code !== 'COMPOSE_MISSING' && version.code !== 'DOCKER_FAILED') throw version;
  const old = await composeV1();
  throw new AppError(
    'COMPOSE_MISSING',
    'user',
    old ? `only ${old} is here, which can't read this network's file` : 'this Docker has no `docker compose`',
    { hint: 'Install the compose plugin (v2) as https://docs.docker.com/compose/install/ says.' },
  );
}

/** The first with the global flag `--progress`. */
const OLDEST_COMPOSE = [2, 19] as const;

/** Lets be what does not look like a version. */
function requireNewCompose(version: string): void {
  const [major = Number.NaN, minor = Number.NaN] = version.replace(/^v/, '').split('.').map(Number);
  const [oldMajor, oldMinor] = OLDEST_COMPOSE;
  if (!(major < oldMajor || (major === oldMajor && minor < oldMinor))) return;
  throw new AppError('COMPOSE_TOO_OLD', 'user', `docker compose is ${version}; ${OLDEST_COMPOSE.join('.')} is needed`, {
    hint: 'Update the compose plugin as https://docs.docker.com/compose/install/ says.',
  });
}

/** What the old stand-alone program calls itself; undefined when there is none. */
async function composeV1(): Promise<string | undefined> {
  const { execa } = await import('execa');
  const { exitCode, stdout } = await execa('docker-compose', ['--version'], { reject: false, stdin: 'ignore' });
  return exitCode === 0 ? (stdout.split('\n')[0]?.replace(/,.*/, '') ?? 'docker-compose') : undefined;
}
