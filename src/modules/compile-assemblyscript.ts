/**
 * From AssemblyScript to a module: its compiler, then Binaryen's Asyncify, then the name section. One file serves every
 * host: Asyncify lets thousands of instances share one thread here, and costs a real Bacalhau nothing.
 */
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import { runCompiler } from './run-compiler.js';
import { withModuleName } from './wasm-sections.js';

export const COMPILER_FLAGS = [
  '-O3',
  ...['--runtime', 'incremental'],
  ...['--exportStart', '_start'],
  // Below the base is room for Asyncify's buffer (wasm/lib/suspend.ts); a small stack keeps all in two pages.
  ...['--memoryBase', '1024', '--stackSize', '4096'],
  ...['--initialMemory', '2', '--maximumMemory', '64'],
];
export const ASYNCIFY_FLAGS = [
  '--asyncify',
  '--pass-arg=asyncify-imports@wasi:http/requests.http_request,wasi_snapshot_preview1.poll_oneoff',
  '-O2',
  '--enable-bulk-memory',
  '--enable-sign-ext',
  '--enable-nontrapping-float-to-int',
  '--enable-mutable-globals',
];

export interface AssemblyScriptTools {
  /** Scripts for Node. */
  compiler: string;
  optimizer: string;
}

/** The compiler and the Binaryen that it brings along. Throws `COMPILER_MISSING`. */
export function findAssemblyScript(): AssemblyScriptTools {
  try {
    const require = createRequire(import.meta.url);
    const compiler = require.resolve('assemblyscript/bin/asc.js');
    const optimizer = join(createRequire(compiler).resolve('binaryen'), '../bin/wasm-opt');
    if (existsSync(optimizer)) return { compiler, optimizer };
    throw new Error(`${optimizer} is missing`);
  } catch (cause) {
    throw new AppError('COMPILER_MISSING', 'AssemblyScript is not installed here', {
      hint: 'Install wasm-sensors again, with npm; its Docker image has no compiler.',
      cause,
    });
  }
}

export interface Compilation {
  /** Of the module: for its name section and messages. */
  name: string;
  /** Where the compiler runs. */
  folder: string;
  /** Sources whose exports the module exports: paths below the folder. */
  entries: string[];
  /** Further flags of the compiler. */
  flags: string[];
  /** Path of the module; replaced at once, so that a running reader never sees half of one. */
  target: string;
  /** Folder for what is in between, on the same disk as the target. */
  work: string;
  /** What to do about lines of the compiler. */
  hint: string;
  signal?: AbortSignal | undefined;
}

/** Resolves with the compiler's warnings. Rejects with `COMPILE_FAILED`, which has its lines in `details`. */
export async function compileAssemblyScript(tools: AssemblyScriptTools, compilation: Compilation): Promise<string[]> {
  const { name, entries, flags, target, work } = compilation;
  const compiled = join(work, `${name}.asc.wasm`);
  const suspending = join(work, `${name}.async.wasm`);
  const node = (args: string[]) =>
    runCompiler(process.execPath, args, { ...compilation, cwd: compilation.folder, missing: '' });
  const warnings = await node([tools.compiler, ...entries, '-o', compiled, ...COMPILER_FLAGS, ...flags]);
  await node([tools.optimizer, compiled, '-o', suspending, ...ASYNCIFY_FLAGS]);
  await writeFile(compiled, withModuleName(await readFile(suspending), name));
  await rename(compiled, target);
  return warnings;
}
