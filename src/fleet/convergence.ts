/** How far sensors do what is desired: they report its version at least, and show it in their readings. */
import { type DesiredState, effectiveConfig, inScope, type Scope, shows } from '../protocol/desired-config.js';
import { isPlausibleVersion } from '../protocol/sensor-config.js';
import { expectationsOf } from './expectation.js';
import type { Convergence, KnownJobs, SensorState } from './fleet-view.js';
import { count, noProgress } from './progress.js';
import type { Sensor } from './sensor.js';

type SensorNow = Pick<Sensor, 'reading' | 'config'> & { state: SensorState };

/** Of the sensors of a scope from which it is to be expected (`expected.ts`). */
export function convergenceOf(
  sensors: SensorNow[],
  desired: DesiredState,
  scope: Scope,
  jobs: KnownJobs | undefined,
  now = Date.now(),
): Convergence {
  const expectationOf = expectationsOf(
    sensors.map(({ reading }) => reading),
    jobs,
  );
  const result: Convergence = { ...noProgress(), newest: 0 };
  for (const { reading, config, state } of sensors) {
    const expectation = expectationOf(reading, state);
    if (expectation === 'gone' && inScope(scope, reading)) result.gone++;
    if (expectation !== 'awaited') continue;
    if (config && isPlausibleVersion(config.version, now)) result.newest = Math.max(result.newest, config.version);
    if (!inScope(scope, reading)) continue;
    const wanted = effectiveConfig(desired, reading.region, reading.hostname);
    const seen = { color: reading.color, icon: reading.icon_name, reported: config };
    count(result, reading, state, (config?.version ?? 0) >= wanted.version && shows(wanted, seen));
  }
  return result;
}
