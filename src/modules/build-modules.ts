/** Builds the modules of this product from `wasm/`. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import { packageRoot } from '../lib/process/self-command.js';
import {
  ASYNCIFY_FLAGS,
  type AssemblyScriptTools,
  type BuiltModule,
  COMPILER_FLAGS,
  compileAssemblyScript,
  findAssemblyScript,
  placeModule,
  withWorkFolder,
} from './compile.js';
import { MODULE_NAMES } from './module-files.js';

export interface BuildOptions {
  /** Folder for `publisher.wasm` and `config-updater.wasm`; made when missing. */
  outDir: string;
  /** Build even if neither sources nor tools changed since the last build into this folder. */
  force?: boolean;
  /** Folder that holds `wasm/`; by default this package's. */
  root?: string;
}

const STAMP = '.build-hash';

/**
 * Builds all modules into `outDir`. Rejects with `SOURCES_MISSING`, `COMPILER_MISSING`, or `COMPILE_FAILED` with the
 * compiler's lines in `details`.
 */
export async function buildWasm({ force, root = packageRoot, ...options }: BuildOptions): Promise<BuiltModule[]> {
  // Absolute, because the tools run in the root folder.
  const outDir = resolve(options.outDir);
  const targets = MODULE_NAMES.map((name) => ({ name, path: join(outDir, `${name}.wasm`) }));
  if (!existsSync(join(root, 'wasm', 'publisher', 'index.ts'))) {
    throw new AppError('SOURCES_MISSING', 'This installation has no module sources to build', {
      hint: 'It brings the built modules along; to change them, build in a clone of the repository.',
    });
  }
  const tools = findAssemblyScript();
  const hash = await hashSources(root, tools);
  const stamp = join(outDir, STAMP);
  const isBuilt = existsSync(stamp) && targets.every(({ path }) => existsSync(path));
  if (isBuilt && !force && (await readFile(stamp, 'utf8')) === hash) {
    return Promise.all(targets.map(async (target) => ({ ...target, bytes: (await stat(target.path)).size })));
  }
  return withWorkFolder(outDir, async (work) => {
    const modules = await Promise.all(
      targets.map(async ({ name, path }) => {
        const built = join(work, name);
        const hint = `Fix wasm/${name}, wasm/sdk or wasm/lib; the compiler's lines follow.`;
        const entries = [`wasm/${name}/index.ts`, 'wasm/lib/suspend.ts'];
        const flags = ['--use', 'abort=wasm/lib/log/abort'];
        await compileAssemblyScript(tools, entries, flags, { name, folder: root, built, hint });
        return placeModule(built, name, path);
      }),
    );
    await writeFile(stamp, hash);
    return modules;
  });
}

/** Equal for builds that give the same modules: same sources, same tools, same flags. */
async function hashSources(root: string, tools: AssemblyScriptTools): Promise<string> {
  const hash = createHash('sha256');
  const wasm = join(root, 'wasm');
  const files = (await readdir(wasm, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(wasm, file)));
  for (const tool of [join(tools.compiler, '../../package.json'), join(tools.optimizer, '../../package.json')]) {
    hash.update(JSON.parse(await readFile(tool, 'utf8')).version);
  }
  return hash.update([...COMPILER_FLAGS, ...ASYNCIFY_FLAGS].join(' ')).digest('hex');
}
