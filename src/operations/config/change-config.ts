/** Changes the desired configuration of running sensors, and waits until their readings show it. */
import type { Convergence } from '../../fleet/fleet-view.js';
import { AppError } from '../../lib/errors/app-error.js';
import { configOf, fieldsIn, isNarrower, type Scope, scopeText } from '../../protocol/desired-config.js';
import type { DesiredField } from '../../protocol/sensor-config.js';
import type { SeenChange } from '../../puller/controls/fleet-controls.js';
import { waitForConvergence } from '../wait-for-sensors.js';
import { type ApplyResult, applyChange, type Change, type FailedProxy } from './apply-to-proxies.js';
import { type ConfigTarget, newestSeen, revokedHosts } from './config-target.js';
import { requireKnown } from './require-known.js';

/** Values to set and to unset; `replace` confirms that what a proxy has lost is given up. */
export interface WantedChange extends Pick<Change, 'set' | 'unset'> {
  replace: boolean;
  /** Clears the fields in narrower scopes, which would keep the change from their sensors. */
  includeNarrower?: boolean;
  /** The region or host may not exist yet. */
  ahead?: boolean;
}

export interface ChangeConfigOptions {
  timeoutMs: number;
  /** False: returns as soon as the proxy has it. */
  wait: boolean;
  onProgress(progress: Convergence): void;
  /** Called with proxies that do not hold the change. */
  onFailed(failed: FailedProxy[]): void;
}

/** `seen`: left out without waiting. */
export type ChangeConfigResult = { version: number; failed: FailedProxy[]; seen?: SeenChange };

/**
 * Rejects as {@link requireKnown} does, with `NOT_CONVERGED`, with `REPLACED` when another change replaced this one, and with
 * the proxy's error.
 */
export async function changeConfig(
  target: ConfigTarget,
  scope: Scope,
  wanted: WantedChange,
  { wait, onFailed, ...waiting }: ChangeConfigOptions,
): Promise<ChangeConfigResult> {
  const began = Date.now();
  const { proxies, fleet, jobs } = target;
  if (!wanted.ahead) await requireKnown(target, scope, wanted);
  const { version, state, holder, failed } = await applyWidely(target, scope, wanted);
  onFailed(failed);
  if (!wait) return { version, failed };
  let latest = state;
  const options = {
    ...waiting,
    jobs,
    revoked: await revokedHosts(proxies),
    fields: fieldsOf(wanted),
    latest: async () => {
      latest = await holder.state();
      return latest;
    },
  };
  const { sensors, converged, pending, change } = await waitForConvergence(fleet, state, scope, options);
  const now = configOf(latest, scope);
  const values = fieldsOf(wanted)
    .filter((field) => now?.[field] !== wanted.set[field])
    .map((field) => (now?.[field] === undefined ? `${field} is not set` : `${field} is ${now[field]}`));
  if (values.length > 0) {
    const message = `${scopeText(scope)}: another change replaced this one: now ${values.join(', ')}`;
    throw new AppError('REPLACED', message, {
      hint: 'Somebody else changes this fleet at the same time. Run `wasm-sensors config show` to see what is desired.',
    });
  }
  const { hidden = [] } = change ?? {};
  const revoked = pending.map(({ hostname }) => hostname);
  const seconds = (Date.now() - began) / 1000;
  return { version, failed, seen: { sensors, converged: change?.converged ?? converged, seconds, hidden, revoked } };
}

/** Makes a change and, where that is wanted, clears its fields in narrower scopes. */
async function applyWidely(
  { proxies, fleet }: ConfigTarget,
  scope: Scope,
  { set, unset, replace, includeNarrower }: WantedChange,
): Promise<ApplyResult> {
  let result = await applyChange(proxies, { scope, set, unset, replace, seen: await newestSeen(fleet) });
  if (!includeNarrower) return result;
  const { sensors } = 'region' in scope ? await fleet.snapshot() : { sensors: [] };
  const isIn = (hostname: string) =>
    !('region' in scope) || sensors.some((one) => one.hostname === hostname && one.region === scope.region);
  const { regions, hosts } = result.state;
  const others = [
    ...Object.keys(regions).map((region) => ({ region })),
    ...Object.keys(hosts).flatMap((hostname) => (isIn(hostname) ? [{ hostname }] : [])),
  ];
  const failed = new Map(result.failed.map((one) => [one.url, one]));
  for (const narrower of others.filter((other) => isNarrower(other, scope))) {
    const own = fieldsOf({ set, unset }).filter((field) => configOf(result.state, narrower)?.[field] !== undefined);
    if (own.length === 0) continue;
    result = await applyChange(proxies, { scope: narrower, set: {}, unset: own });
    for (const one of result.failed) failed.set(one.url, one);
  }
  return { ...result, failed: [...failed.values()] };
}

const fieldsOf = ({ set, unset }: Pick<Change, 'set' | 'unset'>): DesiredField[] => [...fieldsIn(set), ...unset];
