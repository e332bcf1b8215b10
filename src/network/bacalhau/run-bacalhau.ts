/** One call of `bacalhau`, however it is reached. */
import type { Options } from 'execa';
import { AppError } from '../../lib/errors/app-error.js';
import { killGroup, tieGroup } from '../../lib/process/process-group.js';
import { failureOf } from './bacalhau-failures.js';

export interface Call {
  program: string;
  args: string[];
  /** The part of `args` that is bacalhau's own. */
  own: string[];
  /** Base URL of the API, where it is known. */
  api?: string;
  timeoutMs?: number;
  options?: Pick<Options, 'env' | 'input'>;
}

const TIMEOUT_MS = 30_000;

/** Resolves with its standard output; rejects with an `AppError` (see `bacalhau-failures.ts`), or `BACALHAU_HANGS`. */
export async function runBacalhau({ program, args, own, api, timeoutMs = TIMEOUT_MS, options }: Call): Promise<string> {
  // Loaded late, so that commands without bacalhau start faster.
  const { execa } = await import('execa');
  const running = execa(program, args, {
    ...(options?.input === undefined ? { stdin: 'ignore' } : {}),
    ...options,
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
  if (late && own.includes('--client')) throw hangs(program, timeoutMs);
  const reason = late ? `no answer within ${timeoutMs / 1000} s` : result.originalMessage;
  throw failureOf({
    call: callOf(own),
    output: [result.stdout, result.stderr, reason].filter(Boolean).join('\n'),
    ...(api === undefined ? {} : { api }),
    cause: reason,
  });
}

/** The error of a call that asks no API. */
function hangs(program: string, timeoutMs: number): AppError {
  const message = `${program} does not print its version within ${timeoutMs / 1000} s`;
  return new AppError('BACALHAU_HANGS', message, {
    hint: 'This call asks no API, so the program itself hangs. Try `bacalhau version --client`, or name another with --bacalhau.',
  });
}

/** The words before the first option: `job run`, `version`. */
function callOf(args: string[]): string {
  const options = args.findIndex((arg) => arg.startsWith('-'));
  return args.slice(0, options < 0 ? 2 : Math.min(options, 2)).join(' ');
}
