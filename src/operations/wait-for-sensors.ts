/** Waits until sensors do what is desired, and names those that do not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type FileConvergence, fileConvergenceOf } from '../fleet/convergence.js';
import type { Convergence, KnownJobs, Progress, SensorState } from '../fleet/fleet-view.js';
import { AppError } from '../lib/errors/app-error.js';
import { type DesiredState, type Scope, scopeText } from '../protocol/desired-config.js';
import { hostKey } from '../protocol/names.js';
import type { DesiredField, SensorConfig } from '../protocol/sensor-config.js';
import type { FleetReader } from '../puller/fleet-client.js';

export interface WaitOptions<T extends Progress> {
  timeoutMs: number;
  /** The jobs of the network, where they can be listed. */
  jobs?: (() => Promise<KnownJobs>) | undefined;
  onProgress(progress: T): void;
}

export interface ConvergeOptions extends WaitOptions<Convergence> {
  /** Those that the change sets or clears. */
  fields?: DesiredField[];
  /** Hosts whose readings are refused: nothing will show what they do. */
  revoked?: readonly string[];
  /** What is desired now: somebody else may change it again during the wait. */
  latest?(): Promise<DesiredState>;
}

/** For people. */
interface WaitTarget {
  /** Which sensors: `region eu`. */
  target: string;
  /** What they have done at the end: `converged`. */
  outcome: string;
  /** Hosts that are not waited for. */
  revoked: readonly string[];
  /** What happens after a timeout. */
  hint: string;
}

/** Listing jobs takes a while, and most changes are done earlier. */
const LIST_JOBS_AFTER_MS = 1500;
const LATEST_EVERY_MS = 1000;
/** A check of a large fleet costs the puller more. */
const LARGE_FLEET = 1000;

/** Waits until every sensor of the scope does what is desired. Rejects with `NOT_CONVERGED` and the pending sensors. */
export function waitForConvergence(
  fleet: FleetReader,
  desired: DesiredState,
  scope: Scope,
  options: ConvergeOptions,
): Promise<Convergence> {
  let state = desired;
  let latestAt = Date.now() + LATEST_EVERY_MS;
  const look = async (jobs: KnownJobs | undefined) => {
    if (options.latest && Date.now() > latestAt) {
      state = await options.latest().catch(() => state);
      latestAt = Date.now() + LATEST_EVERY_MS;
    }
    return fleet.convergence(state, scope, { jobs, ...(options.fields ? { fields: options.fields } : {}) });
  };
  const target = {
    target: scopeText(scope),
    outcome: 'converged',
    revoked: options.revoked ?? [],
    hint: 'The change is saved: sensors apply it when they reach the proxy. `wasm-sensors config show` shows how many have.',
  };
  return waitForSensors(target, look, options);
}

/** Waits until the region's sensors have read their YAML file. Rejects with `NOT_CONVERGED` and the pending sensors. */
export function waitForFileConfig(
  fleet: FleetReader,
  region: string,
  /** Every value that the file sets. */
  wanted: SensorConfig,
  options: WaitOptions<FileConvergence>,
): Promise<FileConvergence> {
  const target = {
    target: `region ${region}`,
    outcome: 'have read the file',
    revoked: [],
    hint: 'The file is saved: sensors check it every second, and report it when they reach the proxy.',
  };
  return waitForSensors(
    target,
    async (jobs) => fileConvergenceOf((await fleet.snapshot()).sensors, region, wanted, jobs),
    options,
  );
}

async function waitForSensors<T extends Progress>(
  target: WaitTarget,
  look: (jobs: KnownJobs | undefined) => Promise<T>,
  { timeoutMs, jobs: listJobs, onProgress }: WaitOptions<T>,
): Promise<T> {
  const began = Date.now();
  let jobs: KnownJobs | undefined;
  let listed = false;
  for (;;) {
    const progress = await look(jobs);
    onProgress(progress);
    const done = progress.converged === progress.sensors || onlyRevokedPending(progress, target.revoked);
    if (done && (progress.gone === 0 || listed)) return progress;
    // The jobs show which silent sensors are still deployed: only those are worth waiting for.
    if (!listed && (progress.gone > 0 || Date.now() - began > LIST_JOBS_AFTER_MS)) {
      jobs = await listJobs?.().catch(() => undefined);
      listed = true;
      continue;
    }
    if (Date.now() - began > timeoutMs) throw notConverged(target, progress, timeoutMs);
    await sleep(progress.sensors > LARGE_FLEET ? 150 : 50);
  }
}

const isRevoked = (revoked: readonly string[], hostname: string) =>
  revoked.some((name) => hostKey(name) === hostKey(hostname));

/** More than are named can be pending. */
function onlyRevokedPending({ sensors, converged, pending }: Progress, revoked: readonly string[]): boolean {
  return sensors - converged === pending.length && pending.every(({ hostname }) => isRevoked(revoked, hostname));
}

function notConverged(
  { target, outcome, revoked, hint }: WaitTarget,
  { sensors, converged, pending }: Progress,
  timeoutMs: number,
): AppError {
  const more = sensors - converged - pending.length;
  return new AppError(
    'NOT_CONVERGED',
    `${target}: ${converged}/${sensors} sensors ${outcome} in ${timeoutMs / 1000} s`,
    {
      details: [
        ...pending.map(
          ({ hostname, region, state }) =>
            `pending: ${hostname} (${region}), ${isRevoked(revoked, hostname) ? `${state}: revoked` : stateText(state)}`,
        ),
        ...(more > 0 ? [`and ${more} more`] : []),
      ],
      hint,
    },
  );
}

const stateText = (state: SensorState) => (state === 'silent' || state === 'gone' ? `${state}: cut off?` : state);
