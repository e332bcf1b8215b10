/** The desired configuration of every scope, beside what the sensors report. */
import type { SensorView } from '../../fleet/fleet-view.js';
import {
  type DesiredState,
  decidingScope,
  effectiveConfig,
  inScope,
  type Scope,
  scopeText,
} from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from '../../protocol/sensor-config.js';
import { compareProxies } from './apply-to-proxies.js';
import type { ConfigTarget } from './config-target.js';

/** Of a larger fleet some are named, and how many are left out. */
const MAX_NAMED = 100_000;

export type ConfigView = Awaited<ReturnType<typeof readConfig>>;

/**
 * `scope`: of whose sensors. Resolves also with the URL of the proxy that it is read from (`holder`), those that hold something
 * else or do not answer (`differing`), and the sensors that are expected to follow it. Rejects with the first proxy's error when
 * none answers.
 */
export async function readConfig({ proxies, fleet, jobs }: ConfigTarget, scope: Scope = {}) {
  const { desired, holder, others } = await compareProxies(proxies);
  const known = await jobs?.().catch(() => undefined);
  const place = 'hostname' in scope ? { host: scope.hostname } : scope;
  const [snapshot, convergence] = await Promise.all([
    fleet.snapshot({ ...place, limit: MAX_NAMED }),
    fleet.convergence(desired, scope, { jobs: known }),
  ]);
  const left = snapshot.leftOut === undefined ? {} : { leftOut: snapshot.leftOut };
  const sensors = snapshot.sensors.filter(
    (sensor) => sensor.state !== 'gone' && sensor.state !== 'replaced' && inScope(scope, sensor),
  );
  return { desired, holder: holder.url, differing: others, convergence, sensors, ...left };
}

/** As JSON, for commands and the page. */
export function configDocument({ desired, differing, convergence, sensors, leftOut }: ConfigView) {
  return {
    desired,
    differing,
    convergence,
    leftOut,
    sensors: sensors.map(({ execution_id, hostname, region, state, color, icon_name, config }) => ({
      execution_id,
      hostname,
      region,
      state,
      color,
      icon_name,
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
