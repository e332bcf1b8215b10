/** The WebAssembly modules of this product and where their sources and built files are. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import { packageRoot } from '../lib/process/self-command.js';

/** Modules in `wasm/<name>/index.ts`, built to `<name>.wasm`. */
export const MODULE_NAMES = ['publisher', 'config-updater'] as const;
export type ModuleName = (typeof MODULE_NAMES)[number];
export const isModuleName = (name: string): name is ModuleName => MODULE_NAMES.some((one) => one === name);

export const MODULES_DIR = `${packageRoot}dist/wasm/`;

/** Path of a built module in the given folder; fails with `MODULE_NOT_BUILT` when it is not there. */
export function modulePath(name: ModuleName, dir: string = MODULES_DIR): string {
  const path = join(dir, `${name}.wasm`);
  if (!existsSync(path)) {
    throw new AppError('MODULE_NOT_BUILT', `${name}.wasm is not in ${dir}`, {
      hint: 'Run `npm run build` (or `wasm-sensors build wasm`) in a clone of the repository.',
    });
  }
  return path;
}

/** Bytes of a built module of this package; rejects with `MODULE_NOT_BUILT`. */
export async function readModule(name: ModuleName): Promise<Uint8Array> {
  return readFile(modulePath(name));
}
