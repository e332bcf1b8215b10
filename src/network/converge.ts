/** Waiting until sensors do what is desired. */
import { type DesiredState, type Scope, scopeText } from '../core/desired.js';
import type { Convergence } from '../core/fleet-view.js';
import type { FleetClient } from '../puller/client.js';
import { untilAll, type WaitOptions } from './until-all.js';

/** Waits for every sensor of the scope; rejects with `NOT_CONVERGED` and those that are pending. */
export function untilConverged(
  fleet: FleetClient,
  state: DesiredState,
  scope: Scope,
  options: WaitOptions<Convergence>,
): Promise<Convergence> {
  const asked = {
    whom: scopeText(scope),
    done: 'converged',
    hint: 'The change is kept: they will take it as soon as they reach the proxy. `wasm-sensors config show` tells how far they are.',
  };
  return untilAll(asked, (jobs) => fleet.convergence(state, scope, jobs), options);
}
