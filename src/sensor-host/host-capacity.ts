/** How many guests one process can hold, and how it frees the address space of stopped ones. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readIfExists } from '../lib/fs/durable-files.js';

/**
 * Node reserves 10 GB of address space for each WebAssembly memory, so that a process holds about 12,950 of them. With
 * `--disable-wasm-trap-handler` it checks bounds itself and reserves nothing.
 */
const RESERVED_MEMORIES = 12_000;
/** Of memories that may grow, and of those that may not. */
const MAPPINGS_PER_GUEST = 2;
const MAPPINGS_PER_FIXED = 0.1;
/** For Node itself and its heap with thousands of guests in it. */
const OTHER_MAPPINGS = 8000;

/**
 * Pages that each of our modules has from the beginning in a host with so many sensors. Linux takes memories that can't grow for
 * one mapping, as long as they are side by side. Our modules use two pages; what nothing is written to costs nothing.
 */
const FIXED_PAGES = 4;

/** For `loadModule` of our own modules, in a host with this many sensors. */
export const fixedPagesFor = (sensors: number): number | undefined =>
  sensors > RESERVED_MEMORIES ? FIXED_PAGES : undefined;

/** Arguments for the Node process of a host with this many sensors. They only work on the command line. */
export function nodeArgsFor(sensors: number): string[] {
  return sensors > RESERVED_MEMORIES ? ['--disable-wasm-trap-handler'] : [];
}

/**
 * How many guests this process may hold at the same time. Linux limits the memory mappings of a process, and V8 aborts
 * the process at that limit instead of throwing, so the host must stay below it. `isFixed`: none of their memories grows.
 * `limitFile` is for tests.
 */
export function guestLimit(isFixed = false, limitFile = '/proc/sys/vm/max_map_count'): number {
  const mappings = readIfExists(limitFile);
  // Other systems have no such limit.
  if (mappings === undefined) return Number.POSITIVE_INFINITY;
  return Math.floor((Number(mappings) - OTHER_MAPPINGS) / (isFixed ? MAPPINGS_PER_FIXED : MAPPINGS_PER_GUEST));
}

/**
 * Collects garbage now. The address space of a stopped guest is free only after a collection, and V8 does not know how
 * near the limit is: without this, replacing thousands of guests would exceed it.
 */
export async function reclaimMemory(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Guests that stopped in this turn are referenced until the turn is over.
  await nextTurn();
  // The first call may only finish a collection that began while the guests ran. The second finds them, and a helper
  // thread frees their memory. The third waits for that thread.
  for (let i = 0; i < 3; i++) collect();
}
