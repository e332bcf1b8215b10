/** Changes the desired configuration of running sensors, and waits until their readings show it. */
import type { Convergence, HiddenBy, SensorView } from '../../fleet/fleet-view.js';
import { AppError } from '../../lib/errors/app-error.js';
import { configOf, type DesiredState, type Scope, scopeText } from '../../protocol/desired-config.js';
import type { DesiredField } from '../../protocol/sensor-config.js';
import { waitForConvergence } from '../deploy/wait-for-sensors.js';
import { type ApplyResult, applyChange, type Change, type FailedProxy } from './apply-to-proxies.js';
import { type ConfigTarget, newestSeen, revokedHosts } from './config-target.js';
import { requireKnownScope } from './known-scope.js';
import { requireKnownSettings } from './known-settings.js';
import { rollOut } from './rollout.js';

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

export interface ChangeConfigResult {
  version: number;
  failed: FailedProxy[];
  /** What was seen; left out without waiting. */
  seen?: {
    sensors: number;
    /** Those whose readings show the change. */
    converged: number;
    seconds: number;
    /** Narrower scopes that keep the change from their sensors. */
    hidden: HiddenBy[];
    /** Hosts whose readings are refused, so that nothing shows what they do. */
    revoked: string[];
  };
}

/**
 * Rejects with `NO_SUCH_REGION` or `NO_SUCH_HOST`, with `BAD_VALUE` (a setting that no sensor takes), with `NOT_CONVERGED`, with `REPLACED` when another change replaced
 * this one, and with the proxy's error.
 */
export async function changeConfig(
  target: ConfigTarget,
  scope: Scope,
  wanted: WantedChange,
  { timeoutMs, wait, onProgress, onFailed }: ChangeConfigOptions,
): Promise<ChangeConfigResult> {
  const began = Date.now();
  const { proxies, fleet, jobs } = target;
  if (!wanted.ahead) {
    await requireKnownScope(target, scope, wanted);
    await requireKnownSettings(target, scope, wanted);
  }
  const { version, state, holder, failed } = await applyWidely(target, await withSeen(fleet, wanted), scope, wanted);
  onFailed(failed);
  if (!wait) return { version, failed };
  let latest = state;
  const revoked = await revokedHosts(proxies);
  const options = {
    timeoutMs,
    jobs,
    onProgress,
    revoked,
    fields: fieldsOf(wanted),
    latest: async () => {
      latest = await holder.state();
      return latest;
    },
  };
  const { sensors, pending, change } = await waitForConvergence(fleet, state, scope, options);
  refuseReplaced(latest, scope, wanted);
  return {
    version,
    failed,
    seen: {
      sensors,
      converged: change?.converged ?? sensors,
      seconds: (Date.now() - began) / 1000,
      hidden: change?.hidden ?? [],
      revoked: pending.map(({ hostname }) => hostname),
    },
  };
}

/** Makes a change and, where that is wanted, clears its fields in narrower scopes. */
async function applyWidely(
  { proxies, fleet }: Pick<ConfigTarget, 'proxies' | 'fleet'>,
  change: Omit<Change, 'scope'>,
  scope: Scope,
  { includeNarrower }: Pick<WantedChange, 'includeNarrower'>,
): Promise<ApplyResult> {
  let result = await applyChange(proxies, { ...change, scope });
  if (!includeNarrower) return result;
  const sensors = 'region' in scope ? (await fleet.snapshot()).sensors : [];
  const fields = fieldsOf(change);
  const failed = new Map(result.failed.map((one) => [one.url, one]));
  for (const narrower of narrowerScopes(result.state, scope, sensors)) {
    const unset = fields.filter((field) => configOf(result.state, narrower)?.[field] !== undefined);
    if (unset.length === 0) continue;
    result = await applyChange(proxies, { scope: narrower, set: {}, unset });
    for (const one of result.failed) failed.set(one.url, one);
  }
  return { ...result, failed: [...failed.values()] };
}

const fieldsOf = ({ set, unset }: Pick<Change, 'set' | 'unset'>): DesiredField[] => [
  ...(Object.keys(set) as DesiredField[]),
  ...unset,
];

/** `sensors`: for the hosts of a region. */
function narrowerScopes(state: DesiredState, scope: Scope, sensors: SensorView[]): Scope[] {
  if ('hostname' in scope) return [];
  const hosts = Object.keys(state.hosts).map((hostname) => ({ hostname }));
  if (!('region' in scope)) return [...Object.keys(state.regions).map((region) => ({ region })), ...hosts];
  const own = new Set(sensors.filter(({ region }) => region === scope.region).map(({ hostname }) => hostname));
  return hosts.filter(({ hostname }) => own.has(hostname));
}

export interface RollOutResult {
  version: number;
  regions: string[];
  seconds: number;
  failed: FailedProxy[];
}

/** One region after the other, as {@link rollOut} does it. */
export async function rollOutConfig(
  target: ConfigTarget,
  regions: string[],
  wanted: WantedChange,
  options: Omit<ChangeConfigOptions, 'wait'> & {
    onRegion(region: string, convergence: Convergence, sending: boolean): void;
  },
): Promise<RollOutResult> {
  const began = Date.now();
  const { proxies, fleet, jobs } = target;
  for (const region of regions) {
    await requireKnownScope(target, { region }, wanted);
    await requireKnownSettings(target, { region }, wanted);
  }
  const { version, failed } = await rollOut({ proxies, fleet }, regions, {
    change: await withSeen(fleet, wanted),
    apply: (change, scope) => applyWidely({ proxies, fleet }, change, scope, wanted),
    ...options,
    jobs,
  });
  return { version, regions, seconds: (Date.now() - began) / 1000, failed };
}

async function withSeen(
  fleet: ConfigTarget['fleet'],
  { set, unset, replace }: WantedChange,
): Promise<Omit<Change, 'scope'>> {
  const seen = await newestSeen(fleet);
  return { set, unset, replace, ...(seen === undefined ? {} : { seen }) };
}

/** Somebody else's change may be in force by now: then the sensors do that, and the operator has to know. */
function refuseReplaced(latest: DesiredState, scope: Scope, { set, unset }: WantedChange): void {
  const now = configOf(latest, scope);
  const values = fieldsOf({ set, unset })
    .filter((field) => now?.[field] !== set[field])
    .map((field) => (now?.[field] === undefined ? `${field} is not set` : `${field} is ${now[field]}`));
  if (values.length === 0) return;
  const message = `${scopeText(scope)}: another change replaced this one: now ${values.join(', ')}`;
  throw new AppError('REPLACED', message, {
    hint: 'Somebody else changes this fleet at the same time. Run `wasm-sensors config show` to see what is desired.',
  });
}
