/** Waiting until sensors do what is desired. */

import type { Convergence } from '../fleet/fleet-view.js';
import { type DesiredState, type Scope, scopeText } from '../protocol/desired-config.js';
import type { FleetClient } from '../puller/fleet-client.js';
import { type WaitOptions, waitForSensors } from './wait-for-sensors.js';

export interface ConvergeOptions extends WaitOptions<Convergence> {
  /** What is desired now: another change may have taken the place of the one that is waited for. */
  latest?(): Promise<DesiredState>;
}

const LATEST_EVERY_MS = 1000;

/** Waits until every sensor of the scope does what is desired; rejects with `NOT_CONVERGED` and those that are pending. */
export function waitForConvergence(
  fleet: FleetClient,
  desired: DesiredState,
  scope: Scope,
  options: ConvergeOptions,
): Promise<Convergence> {
  const asked = {
    whom: scopeText(scope),
    done: 'converged',
    hint: 'The change is kept: they will take it as soon as they reach the proxy. `wasm-sensors config show` tells how far they are.',
  };
  let state = desired;
  let latestAt = Date.now() + LATEST_EVERY_MS;
  return waitForSensors(
    asked,
    async (jobs) => {
      if (options.latest && Date.now() > latestAt) {
        state = await options.latest().catch(() => state);
        latestAt = Date.now() + LATEST_EVERY_MS;
      }
      return fleet.convergence(state, scope, jobs);
    },
    options,
  );
}
