/** Compiles a module and decides how its instances wait: with Asyncify all share a thread, without each has its own. */
import { readFile } from 'node:fs/promises';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { inspectModule } from '../../modules/inspect-module.js';
import { withMemoryLimit } from '../../modules/wasm-sections.js';

/** A checked module that can be started any number of times. */
export type AnyModule = SensorModule | ThreadModule;

/** One with our Asyncify: see wasm/lib/suspend.ts. */
export interface SensorModule {
  readonly name: string;
  /** Throws a `RangeError` when this process has no address space left, or what the module throws. */
  instantiate(imports: WebAssembly.Imports): WebAssembly.Instance;
}

/** One whose instances block a thread of their own while they wait. */
export interface ThreadModule {
  readonly name: string;
  readonly compiled: WebAssembly.Module;
}

/** Loads a module from a file. Fails with `MODULE_UNREADABLE`, and as `inspectModule` does. */
export async function loadModule(path: string): Promise<AnyModule> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new AppError('MODULE_UNREADABLE', `can't read the module ${path}: ${messageOf(cause)}`, { cause });
  });
  return compileModule(path, bytes);
}

/** Compiles and checks a module; `name` is for messages. */
export async function compileModule(name: string, bytes: Uint8Array): Promise<AnyModule> {
  const { suspendable } = await inspectModule(name, bytes);
  if (!suspendable) return { name, compiled: await WebAssembly.compile(withMemoryLimit(bytes)) };
  const compiled = await WebAssembly.compile(bytes);
  return { name, instantiate: (imports) => new WebAssembly.Instance(compiled, imports) };
}
