/** What `up` and `down` do with a state file that can't be read. */
import { quarantineDamagedState } from '../runtime/run-state.js';
import type { Output } from './output/output.js';

/** Sets it aside, where it is damaged, and says so: what it recorded is not ended by us. */
export function quarantineState(out: Output, stateDir: string): void {
  const aside = quarantineDamagedState(stateDir);
  if (aside === undefined) return;
  out.warn(
    `run.json was damaged and is now ${aside}; should processes or containers of an \`up\` that was killed still run, end them yourself`,
  );
}
