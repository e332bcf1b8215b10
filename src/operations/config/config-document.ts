/** What `config show` and `config set` found, as JSON, for commands and the page. */
import type { SensorView } from '../../fleet/fleet-view.js';
import { type DesiredState, decidingScope, effectiveConfig, scopeText } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../protocol/sensor-config.js';
import type { ChangeConfigResult } from './change-config.js';
import type { ConfigView } from './read-config.js';

export function setConfigDocument({ version, failed, seen }: ChangeConfigResult) {
  return seen ? { version, ...seen, failed } : { version, failed };
}

export function configDocument({ desired, differing, convergence, sensors }: ConfigView) {
  return {
    ...{ desired, differing, convergence },
    sensors: sensors.map(({ execution_id, hostname, region, state, color, icon_name, config }) => ({
      ...{ execution_id, hostname, region, state, color, icon_name },
      reported: config ?? null,
      desired: effectiveConfig(desired, region, hostname),
      scopes: Object.fromEntries(
        SENSOR_CONFIG_FIELDS.map((field) => [field, valueSource(desired, { region, hostname, config }, field)]),
      ),
    })),
  };
}

/** Where a value in force comes from; of the fleet configuration, the scope that decides it. */
export function valueSource(
  desired: DesiredState,
  { region, hostname, config }: Pick<SensorView, 'region' | 'hostname' | 'config'>,
  field: SensorConfigField,
): string {
  if (!config) return 'unknown';
  const source = config.sources[field];
  if (source !== 'fleet') return source;
  // What an older version had decided is not known any more.
  if (config.version < effectiveConfig(desired, region, hostname).version) return 'an older version';
  const scope = decidingScope(desired, field, { region, hostname });
  return scope ? scopeText(scope) : 'an older version';
}
