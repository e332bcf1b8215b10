/** What `up` and `down` both say. */
import { quarantineDamagedState } from '../runtime/run-state.js';
import type { Output } from './output/output.js';

/** Sets a damaged `run.json` aside and says so: what it recorded is not stopped by us. */
export function quarantineState(out: Output, stateDir: string): void {
  const aside = quarantineDamagedState(stateDir);
  if (aside === undefined) return;
  out.warn(
    `run.json was damaged and is now ${aside}; if processes or containers of a killed \`up\` still run, stop them yourself`,
  );
}

/** Where sensors outlive `up`. */
export const SENSORS_RUN_ON =
  'sensors that were not stopped keep running on the cluster, and keep their readings until their proxy is back; ' +
  'to end them: `wasm-sensors up` with the same flags, and `wasm-sensors stop publisher` before `down`';
