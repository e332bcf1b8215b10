/**
 * Builds the modules: AssemblyScript's compiler, then Binaryen's Asyncify, then the name section. One file serves every
 * host: Asyncify lets thousands of instances share one thread here, and costs a real Bacalhau nothing.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { AppError } from '../lib/errors/app-error.js';
import { MODULE_NAMES, type ModuleName, PACKAGE_ROOT } from './module-files.js';
import { withModuleName } from './wasm-sections.js';

export interface BuildOptions {
  /** Folder for `publisher.wasm` and `config-updater.wasm`; made when missing. */
  outDir: string;
  /** Build even if neither sources nor tools changed since the last build into this folder. */
  force?: boolean;
  /** Folder that holds `wasm/`; by default this package's. */
  root?: string;
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
  // Absolute, because the tools run in the root folder.
  const build = { ...options, root: options.root ?? PACKAGE_ROOT, outDir: resolve(options.outDir) };
  const target = (name: ModuleName) => join(build.outDir, `${name}.wasm`);
  const tools = findTools(build.root);
  const hash = await hashSources(build.root, tools);
  const stamp = join(build.outDir, STAMP);
  const built = existsSync(stamp) && MODULE_NAMES.every((name) => existsSync(target(name)));
  const unchanged = built && !build.force && (await readFile(stamp, 'utf8')) === hash;
  if (!unchanged) {
    await mkdir(build.outDir, { recursive: true });
    // Beside the target, so that the last step is a rename: a running reader never sees half a module.
    const work = await mkdtemp(join(build.outDir, '.build-'));
    try {
      await Promise.all(MODULE_NAMES.map((name) => buildModule(name, work, tools, build)));
      await writeFile(stamp, hash);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  const sizes = await Promise.all(MODULE_NAMES.map(async (name) => (await stat(target(name))).size));
  return MODULE_NAMES.map((name, i) => ({ name, path: target(name), bytes: sizes[i]! }));
}

interface Tools {
  compiler: string;
  optimizer: string;
}

function findTools(root: string): Tools {
  if (!existsSync(join(root, 'wasm', 'publisher', 'index.ts'))) {
    throw new AppError('SOURCES_MISSING', 'This installation has no module sources to build', {
      hint: 'It brings the built modules along; to change them, build in a clone of the repository.',
    });
  }
  const require = createRequire(import.meta.url);
  try {
    return {
      compiler: require.resolve('assemblyscript/bin/asc.js'),
      optimizer: join(require.resolve('binaryen'), '../bin/wasm-opt'),
    };
  } catch (cause) {
    throw new AppError('COMPILER_MISSING', 'AssemblyScript and Binaryen are not installed here', {
      hint: 'Run `npm ci` in a clone of the repository; they are development dependencies.',
      cause,
    });
  }
}

/** Equal for builds that give the same modules: same sources, same tools, same flags. */
export async function hashSources(root: string, tools: Tools = findTools(root)): Promise<string> {
  const hash = createHash('sha256');
  const wasm = join(root, 'wasm');
  const files = (await readdir(wasm, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(wasm, file)));
  for (const tool of [join(tools.compiler, '../../package.json'), join(tools.optimizer, '../../package.json')]) {
    hash.update(JSON.parse(await readFile(tool, 'utf8')).version);
  }
  return hash.update([...COMPILER_FLAGS, ...ASYNCIFY_FLAGS].join(' ')).digest('hex');
}

type Build = BuildOptions & { root: string };

async function buildModule(name: ModuleName, work: string, tools: Tools, build: Build): Promise<void> {
  const compiled = join(work, `${name}.asc.wasm`);
  const suspending = join(work, `${name}.async.wasm`);
  const source = `wasm/${name}/index.ts`;
  await runTool(name, build, [tools.compiler, source, '-o', compiled, ...COMPILER_FLAGS]);
  await runTool(name, build, [tools.optimizer, compiled, '-o', suspending, ...ASYNCIFY_FLAGS]);
  await writeFile(compiled, withModuleName(await readFile(suspending), name));
  await rename(compiled, join(build.outDir, `${name}.wasm`));
}

async function runTool(name: ModuleName, { root, signal }: Build, args: string[]): Promise<void> {
  const result = await execa(process.execPath, args, {
    cwd: root,
    all: true,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (!result.failed) return;
  throw new AppError('COMPILE_FAILED', `The module ${name} does not compile`, {
    hint: `Fix wasm/${name} or wasm/lib; the compiler's lines follow.`,
    details: result.all.split('\n').filter((line) => line.trim() !== ''),
  });
}
