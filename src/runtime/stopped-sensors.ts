/** A network that ends takes its sensors along: the fleet view hears of it, so that the next one's shows no failures. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetClient } from '../puller/fleet-client.js';
import type { RunState } from './run-state.js';

/** All sensors have ended after this; Docker takes the longest. */
const ALL_ENDED_MS = 60_000;
/** It only changes what is shown: a puller that hangs must not keep `up` from ending. */
const PATIENCE_MS = 500;

/** Tells a running puller, while the network still runs. `began`: of the network, Unix milliseconds. */
export async function reportNetworkStop(puller: string, token: string, began: number): Promise<void> {
  const told = new FleetClient(puller, 0).tell({ networkEnds: { since: began, by: Date.now() + ALL_ENDED_MS } }, token);
  await Promise.race([told, sleep(PATIENCE_MS, undefined, { ref: false })]);
}

/** After an `up` that was killed: the processes of its network have been ended, and its puller's store is left. */
export async function markSensorsStopped({ network, began }: RunState, stateDir: string): Promise<void> {
  // A remote network's sensors run on; the store of the compose network is in a volume.
  if (network !== 'embedded' && network !== 'native') return;
  const { markStoredSensorsStopped } = await import('../puller/stored-fleet.js');
  try {
    markStoredSensorsStopped(join(stateDir, 'readings.db'), began, Date.now());
  } catch {
    // The next puller opens the same store, and says what is wrong with it.
  }
}
