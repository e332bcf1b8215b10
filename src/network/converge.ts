/** Waiting until sensors do what is desired. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type DesiredState, type Scope, scopeText } from '../core/desired.js';
import { type AppError, systemError } from '../core/errors.js';
import type { Convergence, KnownJobs } from '../core/fleet-view.js';
import type { FleetClient } from '../puller/client.js';

export interface WaitOptions {
  timeoutMs: number;
  /** What is desired now: another change may have taken the place of the one that is waited for. */
  latest?(): Promise<DesiredState>;
  /** The jobs of the network, where they can be found out. */
  jobs?: (() => Promise<KnownJobs>) | undefined;
  onProgress(convergence: Convergence): void;
}

/** How long a change usually takes. */
const JOBS_AFTER_MS = 1500;
const LATEST_EVERY_MS = 1000;

/** Waits until every sensor of the scope does what is desired; rejects with `NOT_CONVERGED` and those that are pending. */
export async function untilConverged(
  fleet: FleetClient,
  desired: DesiredState,
  scope: Scope,
  options: WaitOptions,
): Promise<Convergence> {
  const began = Date.now();
  const deadline = began + options.timeoutMs;
  let state = desired;
  let lookAt = began + LATEST_EVERY_MS;
  let jobs: KnownJobs | undefined;
  let ask = options.jobs;
  for (;;) {
    const now = await fleet.convergence(state, scope, jobs);
    options.onProgress(now);
    if (now.converged === now.sensors && now.gone === 0) return now;
    // Asked late, because it takes a while and most changes need no answer: whether it is worth waiting for the rest.
    if (ask && (now.gone > 0 || Date.now() > began + JOBS_AFTER_MS)) {
      jobs = await ask().catch(() => undefined);
      ask = undefined;
      continue;
    }
    if (now.converged === now.sensors) return now;
    if (options.latest && Date.now() > lookAt) {
      state = await options.latest().catch(() => state);
      lookAt = Date.now() + LATEST_EVERY_MS;
    }
    if (Date.now() > deadline) throw notConverged(now, scope, options.timeoutMs);
    await sleep(now.sensors > 1000 ? 150 : 50);
  }
}

function notConverged({ sensors, converged, pending }: Convergence, scope: Scope, timeoutMs: number): AppError {
  const more = sensors - converged - pending.length;
  return systemError(
    'NOT_CONVERGED',
    `${scopeText(scope)}: ${converged}/${sensors} sensors converged in ${timeoutMs / 1000} s`,
    {
      details: [
        ...pending.map(
          ({ hostname, region, state }) =>
            `pending: ${hostname} (${region}), ${state === 'silent' || state === 'gone' ? `${state}: cut off?` : state}`,
        ),
        ...(more > 0 ? [`and ${more} more`] : []),
      ],
      hint: 'The change is kept: they will take it as soon as they reach the proxy. `wasm-sensors config show` tells how far they are.',
    },
  );
}
