/** Counting the sensors that do what they are to do. */
import { MAX_PENDING, type Progress, type SensorState } from './fleet-view.js';

export const noProgress = (): Progress => ({ sensors: 0, converged: 0, pending: [], gone: 0 });

/** Counts a sensor; `done`: it does it. */
export function count(
  progress: Progress,
  { hostname, region }: { hostname: string; region: string },
  state: SensorState,
  done: boolean,
): void {
  progress.sensors++;
  if (done) progress.converged++;
  else if (progress.pending.length < MAX_PENDING) progress.pending.push({ hostname, region, state });
}
