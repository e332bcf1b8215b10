/** Runs the user's `bacalhau` and returns its output. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bacalhauEnv } from './bacalhau-env.js';
import { runBacalhau } from './run-bacalhau.js';

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
export function createCli(options: CliOptions): Cli {
  const folder = join(options.stateDir, 'bacalhau');
  let prepared: Promise<unknown> | undefined;

  const prepare = async () => {
    if (existsSync(join(folder, 'system_metadata.yaml'))) return;
    await run(['version', '--client']);
  };
  const run = async (args: string[]): Promise<string> => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { api, path, timeoutMs } = options;
    return runBacalhau({
      program: path,
      args: [...tlsArguments(api), ...args],
      own: args,
      api: `${api.tls ? 'https' : 'http'}://${api.host}:${api.port}`,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      options: { env: { ...bacalhauEnv({ BACALHAU_DIR: folder, ...apiEnv(api) }) } },
    });
  };

  return async (args) => {
    try {
      prepared ??= prepare();
      await prepared;
      return await run(args);
    } catch (error) {
      if ((error as { code?: string }).code !== 'BACALHAU_REPOSITORY_VERSION') throw error;
      rmSync(folder, { recursive: true, force: true });
      prepared = prepare();
      await prepared;
      return run(args);
    }
  };
}

/** Host and port are always set, by environment, because that beats the program's flags, profiles and defaults. */
function apiEnv(api: ApiAddress): Record<string, string> {
  const { credentials } = api;
  return {
    BACALHAU_API_HOST: api.host,
    BACALHAU_API_PORT: String(api.port),
    ...(credentials === undefined
      ? {}
      : 'apiKey' in credentials
        ? { BACALHAU_API_KEY: credentials.apiKey }
        : { BACALHAU_API_USERNAME: credentials.username, BACALHAU_API_PASSWORD: credentials.password }),
  };
}

function tlsArguments({ tls }: ApiAddress): string[] {
  if (!tls) return [];
  return [
    ...['-c', 'API.TLS.UseTLS=true'],
    ...(tls.caFile ? ['-c', `API.TLS.CAFile=${tls.caFile}`] : []),
    ...(tls.insecure ? ['-c', 'API.TLS.Insecure=true'] : []),
  ];
}
