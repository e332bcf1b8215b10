/** Settings that no sensor has declared, or values that they refuse: a change would be saved, and show nowhere. */
import type { SensorView } from '../../fleet/fleet-view.js';
import { AppError } from '../../lib/errors/app-error.js';
import { configOf, inScope, type Scope, settingsIn } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS } from '../../protocol/sensor-config.js';
import { findSettingProblem, isSettingField, settingName } from '../../protocol/sensor-settings.js';
import type { Change } from './apply-to-proxies.js';
import type { ConfigTarget } from './config-target.js';

/**
 * Rejects with `BAD_VALUE`. What is set can always be cleared, and where nobody can be asked nothing is refused.
 */
export async function requireKnownSettings(
  { proxies, fleet }: Pick<ConfigTarget, 'proxies' | 'fleet'>,
  scope: Scope,
  { set, unset }: Pick<Change, 'set' | 'unset'>,
): Promise<void> {
  const given = settingsIn(set);
  const cleared = unset.filter(isSettingField);
  if (given.length + cleared.length === 0) return;
  const sensors = await fleet.snapshot().then(
    (snapshot) => snapshot.sensors.filter((sensor) => sensor.state !== 'replaced' && inScope(scope, sensor)),
    () => undefined,
  );
  if (!sensors) return;
  for (const field of given) {
    const name = settingName(field);
    const declared = sensors.filter(({ config }) => config?.settings?.[name] !== undefined);
    if (declared.length === 0) throw unknown(name, sensors);
    for (const { hostname, config } of declared) {
      const problem = findSettingProblem(config!.settings![name]!, set[field]!);
      if (problem) throw new AppError('BAD_VALUE', `${name}: ${set[field]} ${problem}, says the sensor of ${hostname}`);
    }
  }
  const desired = cleared.length > 0 ? await proxies[0]?.state().catch(() => undefined) : undefined;
  for (const field of cleared) {
    const name = settingName(field);
    const isDeclared = sensors.some(({ config }) => config?.settings?.[name] !== undefined);
    if (desired && !isDeclared && configOf(desired, scope)?.[field] === undefined) throw unknown(name, sensors);
  }
}

function unknown(name: string, sensors: SensorView[]): AppError {
  const own = new Set(sensors.flatMap(({ config }) => Object.keys(config?.settings ?? {})));
  return new AppError('BAD_VALUE', `there is no setting ${JSON.stringify(name)}`, {
    hint: `These sensors have: ${[...SENSOR_CONFIG_FIELDS, ...own].join(', ')}. Add --ahead to set it before a sensor has it.`,
  });
}
