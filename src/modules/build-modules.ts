/** Builds the modules of this product from `wasm/`. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import { packageRoot } from '../lib/process/self-command.js';
import {
  ASYNCIFY_FLAGS,
  type AssemblyScriptTools,
  COMPILER_FLAGS,
  compileAssemblyScript,
  findAssemblyScript,
} from './compile-assemblyscript.js';
import { MODULE_NAMES, type ModuleName } from './module-files.js';

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
  name: string;
  path: string;
  /** Size of the file. */
  bytes: number;
}

const STAMP = '.build-hash';

/**
 * Builds all modules into `outDir`. Rejects with `SOURCES_MISSING`, `COMPILER_MISSING`, or `COMPILE_FAILED` with the
 * compiler's lines in `details`.
 */
export async function buildWasm(options: BuildOptions): Promise<BuiltModule[]> {
  // Absolute, because the tools run in the root folder.
  const build = { ...options, root: options.root ?? packageRoot, outDir: resolve(options.outDir) };
  const target = (name: ModuleName) => join(build.outDir, `${name}.wasm`);
  if (!existsSync(join(build.root, 'wasm', 'publisher', 'index.ts'))) {
    throw new AppError('SOURCES_MISSING', 'This installation has no module sources to build', {
      hint: 'It brings the built modules along; to change them, build in a clone of the repository.',
    });
  }
  const tools = findAssemblyScript();
  const hash = await hashSources(build.root, tools);
  const stamp = join(build.outDir, STAMP);
  const built = existsSync(stamp) && MODULE_NAMES.every((name) => existsSync(target(name)));
  const unchanged = built && !build.force && (await readFile(stamp, 'utf8')) === hash;
  if (!unchanged) {
    await mkdir(build.outDir, { recursive: true });
    const work = await mkdtemp(join(build.outDir, '.build-'));
    const flags = ['--use', 'abort=wasm/lib/log/abort'];
    try {
      await Promise.all(
        MODULE_NAMES.map((name) =>
          compileAssemblyScript(tools, {
            name,
            folder: build.root,
            entries: [`wasm/${name}/index.ts`, 'wasm/lib/suspend.ts'],
            flags,
            target: target(name),
            work,
            hint: `Fix wasm/${name}, wasm/sdk or wasm/lib; the compiler's lines follow.`,
            signal: options.signal,
          }),
        ),
      );
      await writeFile(stamp, hash);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  const sizes = await Promise.all(MODULE_NAMES.map(async (name) => (await stat(target(name))).size));
  return MODULE_NAMES.map((name, i) => ({ name, path: target(name), bytes: sizes[i]! }));
}

/** Equal for builds that give the same modules: same sources, same tools, same flags. */
export async function hashSources(root: string, tools: AssemblyScriptTools = findAssemblyScript()): Promise<string> {
  const hash = createHash('sha256');
  const wasm = join(root, 'wasm');
  const files = (await readdir(wasm, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(wasm, file)));
  for (const tool of [join(tools.compiler, '../../package.json'), join(tools.optimizer, '../../package.json')]) {
    hash.update(JSON.parse(await readFile(tool, 'utf8')).version);
  }
  return hash.update([...COMPILER_FLAGS, ...ASYNCIFY_FLAGS].join(' ')).digest('hex');
}
