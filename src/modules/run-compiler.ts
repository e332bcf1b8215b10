/** Runs a compiler; its lines are for the one who wrote what it compiles. */
import { execa } from 'execa';
import { AppError } from '../lib/errors/app-error.js';

export interface CompilerRun {
  /** Of the module. */
  name: string;
  cwd: string;
  env?: Record<string, string>;
  /** What to do when its lines are shown. */
  hint: string;
  /** How to install it. */
  missing: string;
  signal?: AbortSignal | undefined;
}

/** Resolves with its warnings. Rejects with `COMPILER_MISSING`, or with `COMPILE_FAILED`, which has its lines in `details`. */
export async function runCompiler(program: string, args: string[], run: CompilerRun): Promise<string[]> {
  const result = await execa(program, args, {
    cwd: run.cwd,
    env: run.env ?? {},
    all: true,
    reject: false,
    ...(run.signal === undefined ? {} : { cancelSignal: run.signal }),
  });
  const lines = ownLines(result.all);
  if (!result.failed) return lines;
  if (result.code === 'ENOENT') {
    throw new AppError('COMPILER_MISSING', `there is no ${program} on this machine`, { hint: run.missing });
  }
  throw new AppError('COMPILE_FAILED', `The module ${run.name} does not compile`, {
    hint: run.hint,
    details: lines,
  });
}

/** Without AssemblyScript's warnings about the SDK, which the one who writes a sensor can't change. */
export const ownLines = (output: string): string[] =>
  output
    .split(/\n\s*\n/)
    .filter((message) => !(/^\s*(WARNING|PEDANTIC|INFO) /.test(message) && message.includes(' in ~lib/')))
    .flatMap((message) => message.split('\n'))
    .filter((line) => line.trim() !== '');
