/** Commands that changed the YAML file of a region: they end when its sensors do what it says. */
import type { FileConvergence } from '../fleet/convergence.js';
import { waitForFileConfig } from '../operations/wait-for-sensors.js';
import type { SensorConfig } from '../protocol/sensor-config.js';
import type { Session } from '../runtime/session.js';
import type { CommandContext } from './command.js';
import { jobsOf } from './config-target.js';
import { timeoutMs } from './sensor-options.js';

export interface ChangedFile {
  region: string;
  file: string;
  /** All that it sets now. */
  values: SensorConfig;
}

/** Waits, and gives `facts` with what was seen as the result. Rejects with `NOT_CONVERGED` at the timeout. */
export async function reportFileRead(
  { out, options }: CommandContext,
  session: Session,
  { region, file, values }: ChangedFile,
  facts: Record<string, unknown>,
): Promise<void> {
  const seen = await waitForFileConfig(session.fleet, region, values, {
    timeoutMs: timeoutMs(options),
    jobs: jobsOf(session),
    onProgress: ({ converged, sensors }) => out.progress(`${converged}/${sensors} sensors have read it`),
  });
  const { sensors, converged: read, hidden } = seen;
  out.result({ file, ...facts, sensors, read, hidden }, () => fileReadText(file, region, seen));
}

/** What was seen, with what a stronger source hides: a file that was read need not show. */
function fileReadText(file: string, region: string, { sensors, converged, hidden }: FileConvergence): string {
  if (sensors === 0) return `${file} was changed; no sensor of ${region} sends now`;
  const done = `${converged}/${sensors} sensors of ${region} do what ${file} says`;
  if (hidden.length === 0) return done;
  return `${done}, but the fleet configuration is stronger for ${hidden.join(', ')}: see \`wasm-sensors config show\``;
}
