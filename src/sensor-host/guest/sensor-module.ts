/** Compiles a module and checks that this host can run it. */
import { readFile } from 'node:fs/promises';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { ASYNCIFY_EXPORTS } from '../../modules/inspect-module.js';

/** A checked module that can be started any number of times. */
export interface SensorModule {
  readonly name: string;
  /** Throws a `RangeError` when this process has no address space left, or what the module throws. */
  instantiate(imports: WebAssembly.Imports): WebAssembly.Instance;
}

const NEEDED_EXPORTS = ['memory', '_start', ...ASYNCIFY_EXPORTS];

/** Loads a module from a file. Fails with `MODULE_UNREADABLE`, `MODULE_INVALID` or `MODULE_NOT_SUSPENDABLE`. */
export async function loadModule(path: string): Promise<SensorModule> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new AppError('MODULE_UNREADABLE', `can't read the module ${path}: ${messageOf(cause)}`, { cause });
  });
  return compileModule(path, bytes);
}

/** Compiles and checks a module; `name` is for messages. */
export async function compileModule(name: string, bytes: Uint8Array): Promise<SensorModule> {
  const compiled = await WebAssembly.compile(bytes).catch((cause: unknown) => {
    throw new AppError('MODULE_INVALID', `${name} is not a valid WebAssembly module: ${messageOf(cause)}`, {
      cause,
    });
  });
  const exported = new Set(WebAssembly.Module.exports(compiled).map((entry) => entry.name));
  const missing = NEEDED_EXPORTS.filter((entry) => !exported.has(entry));
  if (missing.length > 0) {
    throw new AppError('MODULE_NOT_SUSPENDABLE', `${name} can't wait in this host: it has no ${missing[0]}`, {
      hint: 'Build it with `wasm-sensors build wasm`, which adds Asyncify, or run it on a real Bacalhau network.',
      details: missing.map((entry) => `missing export: ${entry}`),
    });
  }
  return { name, instantiate: (imports) => new WebAssembly.Instance(compiled, imports) };
}
