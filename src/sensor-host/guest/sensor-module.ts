/** Compiles a module and decides how its instances wait: with Asyncify all share a thread, without each has its own. */
import { inspectModule, readUserModule } from '../../modules/user-module.js';
import { withLimits } from '../../modules/wasm-sections.js';

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

/** Loads a module from a file. Rejects as `readUserModule` does. */
export async function loadModule(path: string): Promise<AnyModule> {
  const { bytes, facts } = await readUserModule(path);
  return compile(path, bytes, facts.suspendable);
}

/** Compiles and checks a module; `name` is for messages. */
export async function compileModule(name: string, bytes: Uint8Array): Promise<AnyModule> {
  const { suspendable } = await inspectModule(name, bytes);
  return compile(name, bytes, suspendable);
}

async function compile(name: string, bytes: Uint8Array, suspendable: boolean): Promise<AnyModule> {
  const compiled = await WebAssembly.compile(withLimits(bytes));
  if (!suspendable) return { name, compiled };
  return { name, instantiate: (imports) => new WebAssembly.Instance(compiled, imports) };
}
