/** Marks the sensors that stop with their network, so that the view of the next network shows no failures. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetClient } from '../puller/fleet-client.js';
import type { RunState } from './run-state.js';

/** All sensors have stopped after this; Docker takes the longest. */
const ALL_STOPPED_MS = 60_000;
/** It changes only what is shown, so `up` does not wait longer for a puller that hangs. */
const REPORT_TIMEOUT_MS = 500;

/** Reports to a running puller, while the network still runs. `began`: of the network, Unix milliseconds. */
export async function reportNetworkStop(puller: string, token: string, began: number): Promise<void> {
  const annotated = new FleetClient(puller, { retryForMs: 0 }).annotate(
    { networkEnds: { since: began, by: Date.now() + ALL_STOPPED_MS } },
    token,
  );
  await Promise.race([annotated, sleep(REPORT_TIMEOUT_MS, undefined, { ref: false })]);
}

/** After an `up` that was killed: marks its sensors as stopped in its puller's store, if that is on this machine. */
export async function markSensorsStopped({ began }: RunState, stateDir: string): Promise<void> {
  const { markStoredSensorsStopped } = await import('../puller/stored-fleet.js');
  try {
    markStoredSensorsStopped(join(stateDir, 'readings.db'), began, Date.now());
  } catch {
    // The next puller opens the same store, and reports what is wrong with it.
  }
}
