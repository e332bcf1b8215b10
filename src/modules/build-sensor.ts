/** Builds a sensor of one's own (docs/sdk.md): a folder as `init` writes it, in any of its languages. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import type { BuiltModule } from './build-modules.js';
import { compileAssemblyScript, findAssemblyScript } from './compile-assemblyscript.js';
import { PACKAGE_ROOT } from './module-files.js';
import { runCompiler } from './run-compiler.js';
import { type Language, languageOf } from './sensor-language.js';
import { withModuleName } from './wasm-sections.js';

export interface SensorBuild {
  /** Folder of the sensor; the module has its name. */
  folder: string;
  /** Folder for the module; made when missing. */
  outDir: string;
  signal?: AbortSignal;
}

interface Step {
  name: string;
  folder: string;
  /** Folder for what is in between. */
  work: string;
  target: string;
  signal?: AbortSignal | undefined;
}

const COMPILERS: Record<Language, (step: Step) => Promise<string[]>> = {
  assemblyscript: buildAssemblyScript,
  go: buildGo,
  c: buildC,
};

/**
 * Builds the module of a sensor. Rejects with `SOURCES_MISSING`, `COMPILER_MISSING`, or `COMPILE_FAILED` with the
 * compiler's lines in `details`.
 */
export async function buildSensor({
  folder,
  outDir,
  signal,
}: SensorBuild): Promise<BuiltModule & { warnings: string[] }> {
  const path = resolve(folder);
  const name = basename(path);
  const compile = COMPILERS[languageOf(path)];
  await mkdir(outDir, { recursive: true });
  // Beside the target, so that the last step is a rename: a running reader never sees half a module.
  const work = await mkdtemp(join(resolve(outDir), '.build-'));
  try {
    const target = join(resolve(outDir), `${name}.wasm`);
    const warnings = await compile({ name, folder: path, work, target, signal });
    return { name, path: target, bytes: (await stat(target)).size, warnings };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const LIBRARY = '~lib/wasm-sensors';

async function buildAssemblyScript(step: Step): Promise<string[]> {
  const tools = findAssemblyScript();
  // The compiler finds `wasm-sensors/sdk` as it finds packages: below a folder, by name.
  const packages = join(step.work, 'packages');
  await mkdir(packages);
  await symlink(join(PACKAGE_ROOT, 'wasm'), join(packages, 'wasm-sensors'), 'junction');
  const built = join(step.work, `${step.name}.wasm`);
  const warnings = await compileAssemblyScript(tools, {
    ...step,
    target: built,
    entries: ['index.ts', relative(step.folder, join(PACKAGE_ROOT, 'wasm/lib/suspend.ts'))],
    flags: [
      ...['--path', relative(step.folder, packages)],
      ...['--use', `abort=${LIBRARY}/lib/log/abort`],
      ...['--use', `seed=${LIBRARY}/sdk/index/random`],
    ],
    hint: "The compiler's lines follow; docs/sdk.md has what a sensor may use.",
  });
  refuseForeignImports(step.name, await readFile(built));
  await rename(built, step.target);
  return warnings;
}

/** AssemblyScript takes a browser's functions for granted, such as the console. Throws `COMPILE_FAILED`. */
export function refuseForeignImports(name: string, bytes: Uint8Array): void {
  const foreign = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).filter(
    (one) => !one.module.startsWith('wasi'),
  );
  if (foreign.length === 0) return;
  throw new AppError('COMPILE_FAILED', `The module ${name} needs functions that no node has`, {
    hint: 'Use log(), random() and unixTime() of wasm-sensors/sdk instead of console, trace and Date.',
    details: foreign.map((one) => `${one.module}.${one.name}`),
  });
}

async function buildGo(step: Step): Promise<string[]> {
  const built = join(step.work, 'module');
  const warnings = await runCompiler('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', built, '.'], {
    ...step,
    cwd: step.folder,
    env: { GOOS: 'wasip1', GOARCH: 'wasm' },
    hint: "The compiler's lines follow; it takes Go 1.21 or newer.",
    missing: 'Install Go 1.21 or newer: https://go.dev/dl/',
  });
  await finish(step, built);
  return warnings;
}

async function buildC(step: Step): Promise<string[]> {
  const built = join(step.work, 'module');
  const sources = (await readdir(step.folder)).filter((file) => file.endsWith('.c')).sort();
  const warnings = await runCompiler('clang', ['--target=wasm32-wasi', '-O2', '-Wall', '-o', built, ...sources], {
    ...step,
    cwd: step.folder,
    hint: "The compiler's lines follow. Debian and Ubuntu: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32",
    missing: 'Debian and Ubuntu: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32',
  });
  await finish(step, built);
  return warnings;
}

/** Gives the module its name and its place. */
async function finish({ name, target }: Step, built: string): Promise<void> {
  await writeFile(`${built}.named`, withModuleName(await readFile(built), name));
  await rename(`${built}.named`, target);
}
