/** One call of `bacalhau`, however it is reached. */
import type { Options } from 'execa';
import { failureOf } from './failures.js';

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

/** Resolves with its standard output; rejects with an `AppError` (see `failures.ts`). */
export async function runBacalhau({ program, args, own, api, timeoutMs = TIMEOUT_MS, options }: Call): Promise<string> {
  // Loaded late: commands that never call bacalhau shall not pay for it.
  const { execa } = await import('execa');
  const result = await execa(program, args, {
    ...(options?.input === undefined ? { stdin: 'ignore' } : {}),
    ...options,
    reject: false,
    timeout: timeoutMs,
    maxBuffer: 512 * 1024 * 1024,
  });
  if (result.exitCode === 0) return String(result.stdout);
  const said = result.timedOut ? `no answer within ${timeoutMs / 1000} s` : result.originalMessage;
  throw failureOf({
    call: callOf(own),
    output: [result.stdout, result.stderr, said].filter(Boolean).join('\n'),
    ...(api === undefined ? {} : { api }),
    cause: said,
  });
}

/** The words before the first option: `job run`, `version`. */
function callOf(args: string[]): string {
  const options = args.findIndex((arg) => arg.startsWith('-'));
  return args.slice(0, options < 0 ? 2 : Math.min(options, 2)).join(' ');
}
