/** Builds a custom sensor (docs/sdk.md): a folder as `init` writes it, in any of its languages. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import { packageRoot } from '../lib/process/self-command.js';
import {
  type Compilation,
  compileAssemblyScript,
  findAssemblyScript,
  placeModule,
  runCompiler,
  withWorkFolder,
} from './compile.js';
import { LANGUAGES, type Language } from './init-sensor.js';

/** The file that tells the language of a folder, and what compiles it and resolves with the compiler's warnings. */
const COMPILERS: Record<Language, { main: string; hint: string; compile(step: Compilation): Promise<string[]> }> = {
  assemblyscript: {
    main: 'index.ts',
    hint: "The compiler's lines follow; docs/sdk.md has what a sensor may use.",
    compile: buildAssemblyScript,
  },
  go: {
    main: 'go.mod',
    hint: "The compiler's lines follow; it takes Go 1.21 or newer.",
    compile: (step) =>
      runCompiler('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', step.built, '.'], step, {
        env: { GOOS: 'wasip1', GOARCH: 'wasm' },
        missing: 'Install Go 1.21 or newer: https://go.dev/dl/',
      }),
  },
  c: {
    main: 'main.c',
    hint: "The compiler's lines follow. Debian and Ubuntu: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32",
    compile: async (step) => {
      const sources = (await readdir(step.folder)).filter((file) => file.endsWith('.c')).sort();
      return runCompiler('clang', ['--target=wasm32-wasi', '-O2', '-Wall', '-o', step.built, ...sources], step, {
        missing: 'Debian and Ubuntu: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32',
      });
    },
  },
};

/**
 * Builds the module of the sensor in `folder`, whose name it has, into `outDir`. Rejects with `SOURCES_MISSING`,
 * `COMPILER_MISSING`, or `COMPILE_FAILED` with the compiler's lines in `details`.
 */
export async function buildSensor({ folder, outDir }: { folder: string; outDir: string }) {
  const path = resolve(folder);
  const name = basename(path);
  const { hint, compile } = COMPILERS[languageOf(path)];
  return withWorkFolder(resolve(outDir), async (work) => {
    const built = join(work, name);
    const warnings = await compile({ name, folder: path, built, hint });
    return { ...(await placeModule(built, name, join(resolve(outDir), `${name}.wasm`))), warnings };
  });
}

/** The language of the sensor in a folder. Throws `SOURCES_MISSING`. */
export function languageOf(folder: string): Language {
  const language = LANGUAGES.find((one) => existsSync(join(folder, COMPILERS[one].main)));
  if (language) return language;
  const files = Object.values(COMPILERS).map(({ main }) => main);
  throw new AppError('SOURCES_MISSING', `${folder} has none of ${files.join(', ')}`, {
    hint: '`wasm-sensors init my-sensor` writes a folder that builds.',
  });
}

const LIBRARY = '~lib/wasm-sensors';

async function buildAssemblyScript(step: Compilation): Promise<string[]> {
  const tools = findAssemblyScript(step.folder);
  // The compiler finds `wasm-sensors/sdk` as it finds packages: below a folder, by name.
  const packages = join(dirname(step.built), 'packages');
  await mkdir(packages);
  await symlink(join(packageRoot, 'wasm'), join(packages, 'wasm-sensors'), 'junction');
  const entries = ['index.ts', relative(step.folder, join(packageRoot, 'wasm/lib/suspend.ts'))];
  const flags = [
    ...['--path', relative(step.folder, packages)],
    ...['--use', `abort=${LIBRARY}/lib/log/abort`],
    ...['--use', `seed=${LIBRARY}/sdk/index/random`],
  ];
  const warnings = await compileAssemblyScript(tools, entries, flags, step);
  refuseForeignImports(step.name, await readFile(step.built));
  return warnings;
}

/** AssemblyScript takes a browser's functions for granted, such as the console. Throws `COMPILE_FAILED`. */
export function refuseForeignImports(name: string, bytes: Uint8Array): void {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  const foreign = imports.filter((one) => !one.module.startsWith('wasi'));
  if (foreign.length === 0) return;
  throw new AppError('COMPILE_FAILED', `The module ${name} needs functions that no node has`, {
    hint: 'Use log(), random() and unixTime() of wasm-sensors/sdk instead of console, trace and Date.',
    details: foreign.map((one) => `${one.module}.${one.name}`),
  });
}
