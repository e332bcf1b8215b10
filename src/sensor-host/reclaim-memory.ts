/** Gives back the address space of guests that have ended. */
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects garbage now. A process holds some 12,900 WebAssembly memories (10 GB of address space each), and an ended
 * guest's is free only once it was collected; V8 does not see how near the limit is, so replacing thousands of guests
 * would run into it.
 */
export async function reclaimMemory(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What ended in this turn is still referred to until the turn is over.
  await nextTurn();
  // The first may only finish a collection that began while they lived; the second finds them, and a helper thread
  // frees their memory; the third waits for it.
  for (let i = 0; i < 3; i++) collect();
}

const MAPPINGS_PER_GUEST = 2;
/** For Node itself and its heap with thousands of guests in it. */
const OTHER_MAPPINGS = 8000;

/**
 * Guests that this process may hold at the same time. Linux bounds the memory mappings of a process, and at that bound
 * V8 does not throw but ends the process, so it must not be reached.
 */
export function guestLimit(): number {
  let mappings: number;
  try {
    mappings = Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8'));
  } catch {
    // Other systems have no such bound.
    return Number.POSITIVE_INFINITY;
  }
  return Math.floor((mappings - OTHER_MAPPINGS) / MAPPINGS_PER_GUEST);
}
