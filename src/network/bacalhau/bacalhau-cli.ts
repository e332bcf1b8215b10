/** Runs the user's `bacalhau` and returns its output. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../lib/errors/app-error.js';
import { killGroup, tieGroup } from '../../lib/process/process-group.js';
import { failureOf } from './bacalhau-failures.js';

/** Address of Bacalhau's API, and the credentials for it. */
export interface ApiAddress {
  host: string;
  port: number;
  tls?: {
    /** Authority that signed the API's certificate: a PEM file. */
    caFile?: string;
    /** Don't check the certificate. */
    insecure?: boolean;
  };
  /** Secrets are passed in the environment, never as arguments. */
  credentials?: { apiKey: string } | { username: string; password: string };
}

/** A host may be given as a URL, too. */
export const apiUrl = ({ host, port, tls }: ApiAddress): string =>
  `${tls ? 'https' : 'http'}://${host.replace(/^https?:\/\//, '')}:${port}`;

export interface CliOptions {
  /** Absolute path of the program. */
  path: string;
  /** `.wasm-sensors`; the program's own folder is below it. */
  stateDir: string;
  api: ApiAddress;
  /** For one call, in milliseconds. */
  timeoutMs?: number;
}

/** Runs one command; resolves with its standard output, rejects with an `AppError` (see `bacalhau-failures.ts`). */
export type Cli = (args: string[]) => Promise<string>;

/**
 * The first call prepares the program's folder, so that later ones may run side by side. No other program shares it,
 * because an older one refuses what a newer one wrote. Everything in it can be created again.
 */
export function createCli({ path, stateDir, api, timeoutMs }: CliOptions): Cli {
  const folder = join(stateDir, 'bacalhau');
  const command = [path, ...tlsArguments(api)];
  const env = bacalhauEnv({ BACALHAU_DIR: folder, ...apiEnv(api) });
  const run = (args: string[]) => runBacalhau({ command, args, api: apiUrl(api), timeoutMs, env });
  const prepare = async () => {
    if (existsSync(join(folder, 'system_metadata.yaml'))) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await run(['version', '--client']);
  };
  let prepared: Promise<void> | undefined;

  const call = async (args: string[]) => {
    prepared ??= prepare();
    await prepared;
    return run(args);
  };
  return (args) =>
    call(args).catch((error) => {
      if (!(error instanceof AppError) || error.code !== 'BACALHAU_REPOSITORY_VERSION') throw error;
      rmSync(folder, { recursive: true, force: true });
      prepared = undefined;
      return call(args);
    });
}

/** Host and port are always set, by environment, because that beats the program's flags, profiles and defaults. */
function apiEnv({ host, port, credentials }: ApiAddress): Record<string, string> {
  const address = { BACALHAU_API_HOST: host, BACALHAU_API_PORT: String(port) };
  if (credentials === undefined) return address;
  if ('apiKey' in credentials) return { ...address, BACALHAU_API_KEY: credentials.apiKey };
  const { username, password } = credentials;
  return { ...address, BACALHAU_API_USERNAME: username, BACALHAU_API_PASSWORD: password };
}

function tlsArguments({ tls }: ApiAddress): string[] {
  if (!tls) return [];
  const settings = [
    'API.TLS.UseTLS=true',
    ...(tls.caFile ? [`API.TLS.CAFile=${tls.caFile}`] : []),
    ...(tls.insecure ? ['API.TLS.Insecure=true'] : []),
  ];
  return settings.flatMap((setting) => ['-c', setting]);
}

/** Variables that turn off every outside call and every prompt of a `bacalhau` process. */
const QUIET = { BACALHAU_DISABLEANALYTICS: 'true', BACALHAU_UPDATECONFIG_INTERVAL: '0' };

/**
 * This process's environment with every `BACALHAU_*` variable marked for removal (`undefined`), and `own` on top.
 * A leaking `BACALHAU_API_HOST` would beat our flags; a leaking `BACALHAU_DIR` may be of another version.
 */
export function bacalhauEnv(own: Record<string, string>): Record<string, string | undefined> {
  return { ...removed('BACALHAU_'), ...QUIET, ...own };
}

/** Marks every variable whose name starts with `prefix` for removal from a child's environment. */
export function removed(prefix: string): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => name.startsWith(prefix));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** One call of `bacalhau`, however it is reached. */
export interface Call {
  /** The program and what comes before bacalhau's own arguments. */
  command: string[];
  args: string[];
  /** Base URL of the API, where it is known. */
  api?: string;
  timeoutMs?: number | undefined;
  env?: Record<string, string | undefined>;
  /** Nothing where it is left out. */
  input?: Buffer;
}

const TIMEOUT_MS = 30_000;

/** Resolves with its standard output; rejects with an `AppError` (see `bacalhau-failures.ts`), or `BACALHAU_HANGS`. */
export async function runBacalhau(call: Call): Promise<string> {
  const { command, args, api, timeoutMs = TIMEOUT_MS, env = {}, input = Buffer.alloc(0) } = call;
  // Loaded late, so that commands without bacalhau start faster.
  const { execa } = await import('execa');
  const [program = '', ...before] = command;
  const running = execa(program, [...before, ...args], {
    env,
    input,
    reject: false,
    detached: true,
    maxBuffer: 512 * 1024 * 1024,
  });
  const untie = running.pid === undefined ? () => {} : tieGroup(running.pid);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    // A wrapper is killed with the program that it wraps, which holds the pipes, too.
    if (running.pid !== undefined) killGroup(running.pid);
    for (const stream of [running.stdout, running.stderr]) stream?.destroy();
  }, timeoutMs);
  const result = await running.finally(() => {
    clearTimeout(limit);
    untie();
  });
  if (result.exitCode === 0 && !late) return String(result.stdout);
  if (late && args.includes('--client')) {
    throw new AppError('BACALHAU_HANGS', `${program} does not print its version within ${timeoutMs / 1000} s`, {
      hint: 'This call asks no API, so the program itself hangs. Try `bacalhau version --client`, or name another with --bacalhau.',
    });
  }
  const reason = late ? `no answer within ${timeoutMs / 1000} s` : result.originalMessage;
  const output = [result.stdout, result.stderr, reason].filter(Boolean).join('\n');
  throw failureOf(args, output, api, reason);
}
