// Arguments and environment. Read once at the start; the slices stay valid.

import { args_get, args_sizes_get, environ_get, environ_sizes_get } from './imports';
import { endOf, fromC, NOTHING, Slice, slice, startOf, startsWith } from './slice';

const sizes = memory.data(8);

let args: usize = 0;
let argCount: u32 = 0;
let variables: usize = 0;
let variableCount: u32 = 0;

export function readHost(): void {
  args_sizes_get(sizes, sizes + 4);
  argCount = load<u32>(sizes);
  args = heap.alloc(argCount * 4 + load<u32>(sizes, 4));
  args_get(args, args + argCount * 4);
  environ_sizes_get(sizes, sizes + 4);
  variableCount = load<u32>(sizes);
  variables = heap.alloc(variableCount * 4 + load<u32>(sizes, 4));
  environ_get(variables, variables + variableCount * 4);
}

/** Number of arguments, the program's name (empty on Bacalhau) included. */
export function argumentCount(): u32 {
  return argCount;
}

export function argument(index: u32): Slice {
  return fromC(load<u32>(args + index * 4));
}

/** Value of an environment variable; `NOTHING` when it is missing or empty. */
export function variable(name: string): Slice {
  for (let i: u32 = 0; i < variableCount; i++) {
    const entry = fromC(load<u32>(variables + i * 4));
    const value = startOf(entry) + name.length;
    if (startsWith(startOf(entry), endOf(entry), name) && load<u8>(value) === 0x3d) {
      return value + 1 < endOf(entry) ? slice(value + 1, endOf(entry) - value - 1) : NOTHING;
    }
  }
  return NOTHING;
}
