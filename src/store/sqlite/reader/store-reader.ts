/**
 * Reads the store in a process of its own: a statement may take long or need much memory, and the puller goes on with its
 * readings.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { AppError } from '../../../lib/errors/app-error.js';
import { packageRoot } from '../../../lib/process/self-command.js';
import type { ReadRequest } from '../../answer.js';
import { tooLarge } from './statement-guard.js';

const MAIN = `${packageRoot}dist/store/sqlite/reader/reader-main.js`;

export interface ReadOptions {
  /** Ends the process, whatever it does. */
  signal: AbortSignal;
  /** How long it may work in all; the time in which nobody takes what it has read does not count. Milliseconds. */
  workMs?: number | undefined;
}

/**
 * The bytes of the answer: whole or broken lines as of `AnswerLine`. Rejects with `QUERY_TOO_LONG`, with `QUERY_TOO_LARGE`,
 * or with `READ_FAILED` when the process fails. It ends when the caller returns.
 */
export async function* readStore(request: ReadRequest, { signal, workMs }: ReadOptions): AsyncGenerator<Uint8Array> {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Ctrl-C is for the process that asked.
    detached: true,
  });
  const kill = () => void child.kill('SIGKILL');
  const exited = once(child, 'exit').catch(() => [null, 'SIGKILL'] as const);
  try {
    signal.throwIfAborted();
    signal.addEventListener('abort', kill, { once: true });
    // It stays open: its end is that of the process.
    child.stdin.on('error', () => {}).write(`${JSON.stringify(request)}\n`);
    yield* withinTime(child, workMs);
    const [code, by] = (await exited) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    if (code !== 0) throw readerFailed(code, by);
  } finally {
    signal.removeEventListener('abort', kill);
    kill();
    await exited;
  }
}

/** The longest that a timer can wait: 24 days. */
const NO_LIMIT_MS = 2 ** 31 - 1;

async function* withinTime(
  child: ChildProcessByStdio<Writable, Readable, null>,
  workMs = NO_LIMIT_MS,
): AsyncGenerator<Uint8Array> {
  let left = workMs;
  let isLate = false;
  const chunks = child.stdout[Symbol.asyncIterator]();
  for (;;) {
    const began = performance.now();
    const late = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, left);
    const next = await chunks.next();
    clearTimeout(late);
    left -= performance.now() - began;
    if (isLate) {
      throw new AppError('QUERY_TOO_LONG', `the statement ran longer than ${workMs / 1000} s`, {
        hint: 'Ask about less time. A copy of the store has no such limit: `wasm-sensors query --store FILE`.',
      });
    }
    if (next.done) return;
    yield next.value as Uint8Array;
  }
}

function readerFailed(code: number | null, signal: NodeJS.Signals | null): AppError {
  // It ends itself like this, and so does a system that is out of memory.
  if (signal === 'SIGKILL') return tooLarge('the answer needs more memory than the reader of the store may take');
  const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`;
  return new AppError('READ_FAILED', `the process that reads the store ${how}`);
}
