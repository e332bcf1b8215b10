/** Runs the compilers of modules, and puts what they build in its place. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { execa } from 'execa';
import { AppError } from '../lib/errors/app-error.js';
import { packageRoot } from '../lib/process/self-command.js';
import { withModuleName } from './wasm-sections.js';

export interface Compilation {
  /** Of the module, for messages. */
  name: string;
  folder: string;
  built: string;
  /** What to do about the lines of the compiler. */
  hint: string;
}

export interface BuiltModule {
  name: string;
  path: string;
  bytes: number;
}

/** Runs `work` with a folder for what is in between, on the same disk as the modules in `outDir`, which is made when missing. */
export async function withWorkFolder<T>(outDir: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(outDir, { recursive: true });
  const folder = await mkdtemp(join(outDir, '.build-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Gives a built module its name and its place, at once, so that a running reader never sees half of one. */
export async function placeModule(built: string, name: string, path: string): Promise<BuiltModule> {
  await writeFile(`${built}.named`, withModuleName(await readFile(built), name));
  await rename(`${built}.named`, path);
  return { name, path, bytes: (await stat(path)).size };
}

/**
 * Runs a compiler; its lines are for the one who wrote what it compiles. `missing`: how to install it. Resolves with its
 * warnings. Rejects with `COMPILER_MISSING`, or with `COMPILE_FAILED`, which has its lines in `details`.
 */
export async function runCompiler(
  program: string,
  args: string[],
  { name, folder, hint }: Compilation,
  { missing, env = {} }: { missing: string; env?: Record<string, string> },
): Promise<string[]> {
  const result = await execa(program, args, { cwd: folder, env, all: true, reject: false });
  const details = ownLines(result.all);
  if (!result.failed) return details;
  if (result.code === 'ENOENT') {
    throw new AppError('COMPILER_MISSING', `there is no ${program} on this machine`, { hint: missing });
  }
  throw new AppError('COMPILE_FAILED', `The module ${name} does not compile`, { hint, details });
}

/** Without AssemblyScript's warnings about the SDK, which the one who writes a sensor can't change. */
export const ownLines = (output: string): string[] =>
  output
    .split(/\n\s*\n/)
    .filter((message) => !(/^\s*(WARNING|PEDANTIC|INFO) /.test(message) && message.includes(' in ~lib/')))
    .flatMap((message) => message.split('\n'))
    .filter((line) => line.trim() !== '');

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
  compiler: string;
  optimizer: string;
}

/**
 * The compiler and the Binaryen that it brings along: those of a sensor's folder, else those beside this program. Throws
 * `COMPILER_MISSING`.
 */
export function findAssemblyScript(folder = packageRoot): AssemblyScriptTools {
  try {
    const require = createRequire(import.meta.url);
    const compiler = require.resolve('assemblyscript/bin/asc.js', { paths: [folder, packageRoot] });
    const optimizer = join(createRequire(compiler).resolve('binaryen'), '../bin/wasm-opt');
    if (existsSync(optimizer)) return { compiler, optimizer };
    throw new Error(`${optimizer} is missing`);
  } catch (cause) {
    throw new AppError('COMPILER_MISSING', 'AssemblyScript is not installed here', {
      hint: `It is not part of wasm-sensors. Install it with: npm install --prefix ${folder} assemblyscript`,
      cause,
    });
  }
}

/**
 * The compiler of AssemblyScript, then Binaryen's Asyncify. One file serves every host: Asyncify lets thousands of instances
 * share one thread here, and costs a real Bacalhau nothing. `entries`: sources below the folder whose exports the module
 * exports. Resolves and rejects as {@link runCompiler} does.
 */
export async function compileAssemblyScript(
  { compiler, optimizer }: AssemblyScriptTools,
  entries: string[],
  flags: string[],
  compilation: Compilation,
): Promise<string[]> {
  const compiled = `${compilation.built}.asc`;
  const node = (args: string[]) => runCompiler(process.execPath, args, compilation, { missing: '' });
  const warnings = await node([compiler, ...entries, '-o', compiled, ...COMPILER_FLAGS, ...flags]);
  await node([optimizer, compiled, '-o', compilation.built, ...ASYNCIFY_FLAGS]);
  return warnings;
}
