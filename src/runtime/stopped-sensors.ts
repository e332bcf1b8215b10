/**
 * Reports sensors that stop with their network to the fleet view, so that the next network's view shows no failures.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetClient } from '../puller/fleet-client.js';
import type { RunState } from './run-state.js';

/** All sensors have stopped after this; Docker takes the longest. */
const ALL_STOPPED_MS = 60_000;
/** It changes only what is shown, so `up` does not wait longer for a puller that hangs. */
const PATIENCE_MS = 500;

/** Reports to a running puller, while the network still runs. `began`: of the network, Unix milliseconds. */
export async function reportNetworkStop(puller: string, token: string, began: number): Promise<void> {
  const annotated = new FleetClient(puller, 0).annotate(
    { networkEnds: { since: began, by: Date.now() + ALL_STOPPED_MS } },
    token,
  );
  await Promise.race([annotated, sleep(PATIENCE_MS, undefined, { ref: false })]);
}

/** Writes to the store of the puller, if it is in this folder: after an `up` that was killed no puller runs. */
export async function markSensorsStopped({ began }: RunState, stateDir: string): Promise<void> {
  const { markStoredSensorsStopped } = await import('../puller/stored-fleet.js');
  try {
    markStoredSensorsStopped(join(stateDir, 'readings.db'), began, Date.now());
  } catch {
    // The next puller opens the same store, and reports what is wrong with it.
  }
}
