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

/** Rejects with `COMPILER_MISSING`, or with `COMPILE_FAILED`, which has the compiler's lines in `details`. */
export async function runCompiler(program: string, args: string[], run: CompilerRun): Promise<void> {
  const result = await execa(program, args, {
    cwd: run.cwd,
    env: run.env ?? {},
    all: true,
    reject: false,
    ...(run.signal === undefined ? {} : { cancelSignal: run.signal }),
  });
  if (!result.failed) return;
  if (result.code === 'ENOENT') {
    throw new AppError('COMPILER_MISSING', `there is no ${program} on this machine`, { hint: run.missing });
  }
  throw new AppError('COMPILE_FAILED', `The module ${run.name} does not compile`, {
    hint: run.hint,
    details: result.all.split('\n').filter((line) => line.trim() !== ''),
  });
}
