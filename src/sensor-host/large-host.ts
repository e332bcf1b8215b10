/** Node reserves 10 GB of address space for each WebAssembly memory, unless it is told to check bounds itself. */

/** Below the about 12,950 memories that fit into a process otherwise. */
const MANY = 12_000;

/** Arguments for the Node process of a host of so many sensors; they only work on the command line. */
export function nodeArgsFor(sensors: number): string[] {
  return sensors > MANY ? ['--disable-wasm-trap-handler'] : [];
}
