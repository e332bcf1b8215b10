/** Compiles a module and decides how its instances wait: with Asyncify all share a thread, without each has its own. */
import { readUserModule } from '../../modules/user-module.js';
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

/** Loads a module from a file. `fixedPages`: see `withLimits`. Rejects as `readUserModule` does. */
export async function loadModule(path: string, fixedPages?: number): Promise<AnyModule> {
  const { bytes, facts } = await readUserModule(path);
  const compiled = await WebAssembly.compile(withLimits(bytes, fixedPages));
  if (!facts.suspendable) return { name: path, compiled };
  return { name: path, instantiate: (imports) => new WebAssembly.Instance(compiled, imports) };
}
