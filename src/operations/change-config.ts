/** Changes the desired configuration of running sensors, and waits until their readings show it. */
import type { Convergence, Progress } from '../fleet/fleet-view.js';
import { AppError } from '../lib/errors/app-error.js';
import { configOf, type DesiredState, type Scope, scopeText } from '../protocol/desired-config.js';
import type { SensorConfigField } from '../protocol/sensor-config.js';
import { applyChange, type Change, type FailedProxy } from './apply-to-proxies.js';
import { type ConfigTarget, newestSeen } from './config-target.js';
import { rollOut } from './rollout.js';
import { waitForConvergence } from './wait-for-sensors.js';

/** Values to set and to unset; `replace` confirms that what a proxy has lost is given up. */
export type WantedChange = Pick<Change, 'set' | 'unset'> & { replace: boolean };

export interface ChangeConfigOptions {
  timeoutMs: number;
  /** False: returns as soon as the proxy has it. */
  wait: boolean;
  onProgress(progress: Progress): void;
  /** Called with proxies that do not hold the change. */
  onFailed(failed: FailedProxy[]): void;
}

export interface ChangeConfigResult {
  version: number;
  failed: FailedProxy[];
  /** What was seen; left out without waiting. */
  seen?: {
    sensors: number;
    converged: number;
    seconds: number;
    /** No sensor matches the scope, but these regions have sensors. */
    otherRegions: string[];
  };
}

/** Rejects with `NOT_CONVERGED`, with `REPLACED` when another change replaced this one, and with the proxy's error. */
export async function changeConfig(
  { proxies, fleet, jobs }: ConfigTarget,
  scope: Scope,
  wanted: WantedChange,
  { timeoutMs, wait, onProgress, onFailed }: ChangeConfigOptions,
): Promise<ChangeConfigResult> {
  const began = Date.now();
  const { version, state, holder, failed } = await applyChange(proxies, { ...(await withSeen(fleet, wanted)), scope });
  onFailed(failed);
  if (!wait) return { version, failed };
  let latest = state;
  const options = {
    ...{ timeoutMs, jobs, onProgress },
    latest: async () => {
      latest = await holder.state();
      return latest;
    },
  };
  const { converged, sensors } = await waitForConvergence(fleet, state, scope, options);
  refuseReplaced(latest, scope, wanted);
  const otherRegions = sensors === 0 ? await regionsElsewhere(fleet, scope) : [];
  return { version, failed, seen: { sensors, converged, seconds: (Date.now() - began) / 1000, otherRegions } };
}

export interface RollOutResult {
  version: number;
  regions: string[];
  seconds: number;
  failed: FailedProxy[];
}

/** One region after the other, as {@link rollOut} does it. */
export async function rollOutConfig(
  { proxies, fleet, jobs }: ConfigTarget,
  regions: string[],
  wanted: WantedChange,
  options: Omit<ChangeConfigOptions, 'wait'> & {
    onRegion(region: string, convergence: Convergence, sending: boolean): void;
  },
): Promise<RollOutResult> {
  const began = Date.now();
  const change = await withSeen(fleet, wanted);
  const { version, failed } = await rollOut(proxies, fleet, regions, change, { ...options, jobs });
  return { version, regions, seconds: (Date.now() - began) / 1000, failed };
}

async function withSeen(fleet: ConfigTarget['fleet'], wanted: WantedChange): Promise<Omit<Change, 'scope'>> {
  const seen = await newestSeen(fleet);
  return seen === undefined ? wanted : { ...wanted, seen };
}

/** Somebody else's change may be in force by now: then the sensors do that, and the operator has to know. */
function refuseReplaced(latest: DesiredState, scope: Scope, { set, unset }: WantedChange): void {
  const now = configOf(latest, scope);
  const fields = [...(Object.keys(set) as SensorConfigField[]), ...unset];
  const values = fields
    .filter((field) => now?.[field] !== set[field])
    .map((field) => (now?.[field] === undefined ? `${field} is not set` : `${field} is ${now[field]}`));
  if (values.length === 0) return;
  const message = `${scopeText(scope)}: another change replaced this one: now ${values.join(', ')}`;
  throw new AppError('REPLACED', message, {
    hint: 'Somebody else changes this fleet at the same time. Run `wasm-sensors config show` to see what is desired.',
  });
}

/** A region or host without sensors may be deployed later, or be misspelt. */
async function regionsElsewhere(fleet: ConfigTarget['fleet'], scope: Scope): Promise<string[]> {
  if (!('region' in scope || 'hostname' in scope)) return [];
  return (await fleet.summary()).regions.map(({ region }) => region);
}
