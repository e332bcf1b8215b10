/**
 * Builds the modules: AssemblyScript's compiler, then Binaryen's Asyncify, then the name section. One file serves every
 * host: Asyncify lets thousands of instances share one thread here, and costs a real Bacalhau nothing.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { execa } from 'execa';
import { AppError } from '../core/errors.js';
import { MODULE_NAMES, type ModuleName, PACKAGE_ROOT } from './modules.js';
import { withModuleName } from './wasm-file.js';

export interface BuildOptions {
  /** Folder for `publisher.wasm` and `config-updater.wasm`; made when missing. */
  outDir: string;
  /** Build even if neither sources nor tools changed since the last build into this folder. */
  force?: boolean;
  signal?: AbortSignal;
}

export interface BuiltModule {
  name: ModuleName;
  path: string;
  /** Size of the file. */
  bytes: number;
}

const COMPILER_FLAGS = [
  '-O3',
  ...['--runtime', 'incremental'],
  ...['--exportStart', '_start'],
  ...['--use', 'abort=wasm/lib/log/abort'],
  // Below the base is room for Asyncify's buffer (wasm/lib/suspend.ts); a small stack keeps all in two pages.
  ...['--memoryBase', '1024', '--stackSize', '4096'],
  ...['--initialMemory', '2', '--maximumMemory', '64'],
];
const ASYNCIFY_FLAGS = [
  '--asyncify',
  '--pass-arg=asyncify-imports@wasi:http/requests.http_request,wasi_snapshot_preview1.poll_oneoff',
  '-O2',
  '--enable-bulk-memory',
  '--enable-sign-ext',
  '--enable-nontrapping-float-to-int',
  '--enable-mutable-globals',
];
const STAMP = '.build-hash';

/**
 * Builds all modules into `outDir`. Fails with `COMPILER_MISSING` (a package installed without development
 * dependencies), `SOURCES_MISSING`, or `COMPILE_FAILED` with the compiler's lines in `details`.
 */
export async function buildWasm(options: BuildOptions): Promise<BuiltModule[]> {
  const tools = findTools();
  const hash = await hashInputs(tools);
  const stamp = join(options.outDir, STAMP);
  const built = MODULE_NAMES.every((name) => existsSync(join(options.outDir, `${name}.wasm`)));
  const unchanged = built && !options.force && existsSync(stamp) && (await readFile(stamp, 'utf8')) === hash;
  await mkdir(options.outDir, { recursive: true });
  if (!unchanged) {
    // Beside the target, so that the last step is a rename: a running reader never sees half a module.
    const work = await mkdtemp(join(options.outDir, '.build-'));
    try {
      await Promise.all(MODULE_NAMES.map((name) => buildModule(name, work, tools, options)));
      await writeFile(stamp, hash);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return Promise.all(
    MODULE_NAMES.map(async (name) => {
      const path = join(options.outDir, `${name}.wasm`);
      return { name, path, bytes: (await readFile(path)).length };
    }),
  );
}

interface Tools {
  compiler: string;
  optimizer: string;
}

function findTools(): Tools {
  if (!existsSync(join(PACKAGE_ROOT, 'wasm', 'publisher', 'index.ts'))) {
    throw new AppError('SOURCES_MISSING', 'user', 'This installation has no module sources to build', {
      hint: 'It brings the built modules along; to change them, build in a clone of the repository.',
    });
  }
  const { resolve } = createRequire(import.meta.url);
  try {
    return {
      compiler: resolve('assemblyscript/bin/asc.js'),
      optimizer: join(resolve('binaryen'), '../bin/wasm-opt'),
    };
  } catch (cause) {
    throw new AppError('COMPILER_MISSING', 'user', 'AssemblyScript and Binaryen are not installed here', {
      hint: 'Run `npm ci` in a clone of the repository; they are development dependencies.',
      cause,
    });
  }
}

async function hashInputs(tools: Tools): Promise<string> {
  const hash = createHash('sha256');
  const wasm = join(PACKAGE_ROOT, 'wasm');
  const files = (await readdir(wasm, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(wasm, file)));
  for (const tool of [join(tools.compiler, '../../package.json'), join(tools.optimizer, '../../package.json')]) {
    hash.update(JSON.parse(await readFile(tool, 'utf8')).version);
  }
  return hash.update([...COMPILER_FLAGS, ...ASYNCIFY_FLAGS].join(' ')).digest('hex');
}

async function buildModule(name: ModuleName, work: string, tools: Tools, options: BuildOptions): Promise<void> {
  const compiled = join(work, `${name}.asc.wasm`);
  const suspending = join(work, `${name}.async.wasm`);
  const source = `wasm/${name}/index.ts`;
  await runTool(name, options.signal, [tools.compiler, source, '-o', compiled, ...COMPILER_FLAGS]);
  await runTool(name, options.signal, [tools.optimizer, compiled, '-o', suspending, ...ASYNCIFY_FLAGS]);
  await writeFile(compiled, withModuleName(await readFile(suspending), name));
  await rename(compiled, join(options.outDir, `${name}.wasm`));
}

async function runTool(name: ModuleName, signal: AbortSignal | undefined, args: string[]): Promise<void> {
  const result = await execa(process.execPath, args, {
    cwd: PACKAGE_ROOT,
    all: true,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (!result.failed) return;
  throw new AppError('COMPILE_FAILED', 'user', `The module ${name} does not compile`, {
    hint: `Mend wasm/${name} or wasm/lib as the lines say.`,
    details: result.all.split('\n').filter((line) => line.trim() !== ''),
  });
}
