/** Gives back the address space of guests that have ended. */
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
  // Memories are freed by a helper thread after the first collection; the second one waits for it.
  collect();
  await nextTurn();
  collect();
}
