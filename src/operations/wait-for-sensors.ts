/** Waits until sensors do what is desired, and names those that do not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type FileConvergence, fileConvergenceOf } from '../fleet/convergence.js';
import type { Convergence, KnownJobs, Progress } from '../fleet/fleet-view.js';
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
  fields?: DesiredField[] | undefined;
  /** Hosts whose readings are refused: nothing will show what they do. */
  revoked?: readonly string[] | undefined;
  /** What is desired now: somebody else may change it again during the wait. */
  latest?: (() => Promise<DesiredState>) | undefined;
}

/** For people: which sensors (`region eu`), what they have done at the end (`converged`), and what happens after a timeout. */
type Said = Record<'target' | 'outcome' | 'hint', string>;
type Wait<T extends Progress> = WaitOptions<T> & Pick<ConvergeOptions, 'revoked'> & Said;

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
  { fields, latest, ...options }: ConvergeOptions,
): Promise<Convergence> {
  let state = desired;
  let latestAt = Date.now() + LATEST_EVERY_MS;
  const wait = {
    ...options,
    target: scopeText(scope),
    outcome: 'converged',
    hint: 'The change is saved: sensors apply it when they reach the proxy. `wasm-sensors config show` shows how many have.',
  };
  return waitForSensors(wait, async (jobs) => {
    if (latest && Date.now() > latestAt) {
      state = await latest().catch(() => state);
      latestAt = Date.now() + LATEST_EVERY_MS;
    }
    return fleet.convergence(state, scope, { jobs, fields });
  });
}

/**
 * Waits until the region's sensors have read their YAML file, which sets the `wanted` values. Rejects with `NOT_CONVERGED`
 * and the pending sensors.
 */
export function waitForFileConfig(
  fleet: FleetReader,
  region: string,
  wanted: SensorConfig,
  options: WaitOptions<FileConvergence>,
): Promise<FileConvergence> {
  const wait = {
    ...options,
    target: `region ${region}`,
    outcome: 'have read the file',
    hint: 'The file is saved: sensors check it every second, and report it when they reach the proxy.',
  };
  return waitForSensors(wait, async (jobs) => {
    const { sensors, summary } = await fleet.snapshot();
    const { missing } = summary;
    return { ...fileConvergenceOf(sensors, region, wanted, jobs), ...(missing ? { missing } : {}) };
  });
}

async function waitForSensors<T extends Progress>(
  wait: Wait<T>,
  check: (jobs: KnownJobs | undefined) => Promise<T>,
): Promise<T> {
  const began = Date.now();
  let jobs: KnownJobs | undefined;
  let listed = false;
  for (;;) {
    const progress = await check(jobs);
    wait.onProgress(progress);
    const { sensors, converged, pending, gone } = progress;
    // More than are named can be pending.
    const onlyRevoked = sensors - converged === pending.length && pending.every((one) => isRevoked(wait, one));
    const done = !progress.missing && (converged === sensors || onlyRevoked);
    if (done && (gone === 0 || listed)) return progress;
    // The jobs show which silent sensors are still deployed: only those are worth waiting for.
    if (!listed && (gone > 0 || Date.now() - began > LIST_JOBS_AFTER_MS)) {
      jobs = await wait.jobs?.().catch(() => undefined);
      listed = true;
      continue;
    }
    if (Date.now() - began > wait.timeoutMs) throw notConverged(wait, progress);
    await sleep(sensors > LARGE_FLEET ? 150 : 50);
  }
}

const isRevoked = ({ revoked = [] }: Pick<Wait<Progress>, 'revoked'>, { hostname }: { hostname: string }) =>
  revoked.some((name) => hostKey(name) === hostKey(hostname));

function notConverged<T extends Progress>(wait: Wait<T>, progress: Progress): AppError {
  const { sensors, converged, pending, missing = [] } = progress;
  const more = sensors - converged - pending.length;
  const named = pending.map((one) => {
    const cutOff = one.state === 'silent' || one.state === 'gone' ? ': cut off?' : '';
    return `pending: ${one.hostname} (${one.region}), ${one.state}${isRevoked(wait, one) ? ': revoked' : cutOff}`;
  });
  const notCounted = missing.map(({ shards, why }) => `not counted: sensors of shards ${shards.join(', ')}: ${why}`);
  const { target, outcome, timeoutMs, hint } = wait;
  const message = `${target}: ${converged}/${sensors} sensors ${outcome} in ${timeoutMs / 1000} s`;
  return new AppError('NOT_CONVERGED', message, {
    details: [...named, ...(more > 0 ? [`and ${more} more`] : []), ...notCounted],
    hint,
  });
}
