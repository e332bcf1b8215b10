/** Marks the sensors that stop with their network, so that the view of the next network shows no failures. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENDED_NETWORK, noteEndedNetwork } from '../puller/ended-network.js';
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

/** After an `up` that was killed: tells the next puller of its state folder. */
export function noteSensorsStopped({ began }: RunState, stateDir: string): void {
  noteEndedNetwork(join(stateDir, ENDED_NETWORK), { since: began, by: Date.now() });
}
