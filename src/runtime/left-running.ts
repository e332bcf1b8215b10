/** What goes on when a network's `up` has ended. */
import type { NetworkKind } from '../network/network.js';

/** What to say to the operator; undefined where everything ends with `up`. */
export function leftRunning(kind: NetworkKind): string | undefined {
  if (kind !== 'remote') return undefined;
  return (
    'sensors that were not stopped keep running on the cluster, and keep their readings until their proxy is back; ' +
    'to end them: `wasm-sensors up` with the same flags, and `wasm-sensors stop publisher` before `down`'
  );
}
