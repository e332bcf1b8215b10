/** Scopes and settings that nobody has are most often misspelt: a change of them would be saved, and show nowhere. */
import type { SensorView } from '../../fleet/fleet-view.js';
import { AppError } from '../../lib/errors/app-error.js';
import { didYouMean } from '../../lib/similar-word.js';
import { configOf, inScope, type Scope, settingsIn } from '../../protocol/desired-config.js';
import { hostKey } from '../../protocol/names.js';
import { SENSOR_CONFIG_FIELDS } from '../../protocol/sensor-config.js';
import { findSettingProblem, isSettingField, settingName } from '../../protocol/sensor-settings.js';
import type { Change } from './apply-to-proxies.js';
import type { ConfigTarget } from './config-target.js';

/** How many names of hosts are listed. */
const NAMED = 10;

/**
 * Rejects with `NO_SUCH_REGION`, `NO_SUCH_HOST`, or `BAD_VALUE` for a setting that no sensor has declared or a value that one
 * refuses. What is set can always be cleared, and where nobody can be asked nothing is refused.
 */
export async function requireKnown(target: ConfigTarget, scope: Scope, change: Omit<Change, 'scope'>): Promise<void> {
  await requireScope(target, scope, change);
  await requireSettings(target, scope, change);
}

async function requireScope({ proxies, fleet, nodes }: ConfigTarget, scope: Scope, { set }: Omit<Change, 'scope'>) {
  const isRegion = 'region' in scope;
  if (!isRegion && !('hostname' in scope)) return;
  const name = isRegion ? scope.region : scope.hostname;
  const sending = await (isRegion ? regionsOf(fleet) : hostsOf(fleet)).catch(() => undefined);
  if (sending === undefined || sending.includes(name)) return;
  const known = new Set([...sending, ...(await edgeNodes(nodes)).map((node) => (isRegion ? node.region : node.name))]);
  if (known.has(name)) return;
  const isSet = () => stateOf(proxies).then((state) => !state || configOf(state, scope) !== undefined);
  if (Object.keys(set).length === 0 && (await isSet())) return;
  const names = [...known].filter(Boolean).sort();
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  const noun = isRegion ? 'region' : 'host';
  throw new AppError(isRegion ? 'NO_SUCH_REGION' : 'NO_SUCH_HOST', `there is no ${noun} ${JSON.stringify(name)}`, {
    hint: `The ${noun}s are ${names.slice(0, NAMED).join(', ') || 'not known yet'}${more}. Add --ahead to set it before there is such a ${noun}.`,
  });
}

const regionsOf = async (fleet: ConfigTarget['fleet']) => (await fleet.summary()).regions.map(({ region }) => region);
const hostsOf = async (fleet: ConfigTarget['fleet']) => (await fleet.snapshot()).sensors.map((one) => one.hostname);
const stateOf = async ([proxy]: ConfigTarget['proxies']) => proxy?.state().catch(() => undefined);
const edgeNodes = async (nodes: ConfigTarget['nodes']) =>
  ((await nodes?.().catch(() => undefined)) ?? []).filter(({ type }) => type === 'edge');

/** Whether no sensor and no edge node has this name; false where nobody can be asked. */
export async function isUnknownHost({ fleet, nodes }: ConfigTarget, host: string): Promise<boolean> {
  const sending = await hostsOf(fleet).catch(() => undefined);
  if (sending === undefined) return false;
  const names = [...sending, ...(await edgeNodes(nodes)).map(({ name }) => name)];
  return !names.some((name) => hostKey(name) === hostKey(host));
}

async function requireSettings({ proxies, fleet }: ConfigTarget, scope: Scope, { set, unset }: Omit<Change, 'scope'>) {
  const given = settingsIn(set);
  const cleared = unset.filter(isSettingField);
  if (given.length + cleared.length === 0) return;
  const snapshot = await fleet.snapshot().catch(() => undefined);
  if (!snapshot) return;
  const sensors = snapshot.sensors.filter((sensor) => sensor.state !== 'replaced' && inScope(scope, sensor));
  const declared = (name: string) => sensors.filter(({ config }) => config?.settings?.[name] !== undefined);
  for (const field of given) {
    const name = settingName(field);
    const own = declared(name);
    if (own.length === 0) throw unknownSetting(name, sensors, ' Add --ahead to set it before a sensor has it.');
    for (const { hostname, config } of own) {
      const problem = findSettingProblem(config!.settings![name]!, set[field]!);
      if (problem) throw new AppError('BAD_VALUE', `${name}: ${set[field]} ${problem}, says the sensor of ${hostname}`);
    }
  }
  const undeclared = cleared.filter((field) => declared(settingName(field)).length === 0);
  const desired = undeclared.length > 0 ? await stateOf(proxies) : undefined;
  const neverSet = desired && undeclared.find((field) => configOf(desired, scope)?.[field] === undefined);
  if (neverSet) throw unknownSetting(settingName(neverSet), sensors);
}

function unknownSetting(name: string, sensors: SensorView[], advice = ''): AppError {
  const own = sensors.flatMap(({ config }) => Object.keys(config?.settings ?? {}));
  const known = [...new Set([...SENSOR_CONFIG_FIELDS, ...own])];
  return new AppError('BAD_VALUE', `there is no setting ${JSON.stringify(name)}`, {
    hint: `${didYouMean(name, known)}These sensors have: ${known.join(', ')}.${advice}`,
  });
}
