/** How far the sensors of a region do what their YAML file says. */
import { shows } from '../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfig, type SensorConfigField } from '../protocol/sensor-config.js';
import { expectationsOf } from './expectation.js';
import type { KnownJobs, Progress, SensorView } from './fleet-view.js';
import { count, noProgress } from './progress.js';

export interface FileRead extends Progress {
  /** Values of the file that a stronger one of the fleet configuration hides, in at least one sensor. */
  hidden: SensorConfigField[];
}

/** Of the region's sensors from which it is to be expected (`expected.ts`). `wanted`: all that the file sets. */
export function fileReadOf(
  sensors: SensorView[],
  region: string,
  wanted: SensorConfig,
  jobs: KnownJobs | undefined,
): FileRead {
  const expectationOf = expectationsOf(sensors, jobs);
  const progress = noProgress();
  const hidden = new Set<SensorConfigField>();
  for (const sensor of sensors) {
    if (sensor.region !== region) continue;
    const expectation = expectationOf(sensor, sensor.state);
    if (expectation === 'gone') progress.gone++;
    if (expectation !== 'awaited') continue;
    count(progress, sensor, sensor.state, hasRead(sensor, wanted));
    for (const field of SENSOR_CONFIG_FIELDS) {
      if (wanted[field] !== undefined && sensor.config?.sources[field] === 'fleet') hidden.add(field);
    }
  }
  return { ...progress, hidden: SENSOR_CONFIG_FIELDS.filter((field) => hidden.has(field)) };
}

/** Whether a sensor shows every value of the file that nothing stronger hides, and no value that the file has lost. */
function hasRead({ color, icon_name, config }: SensorView, wanted: SensorConfig): boolean {
  if (config?.file !== 'ok') return false;
  const fields = SENSOR_CONFIG_FIELDS.filter((field) => config.sources[field] !== 'fleet');
  if (fields.some((field) => wanted[field] === undefined && config.sources[field] === 'file')) return false;
  const own = Object.fromEntries(fields.map((field) => [field, wanted[field]]));
  return shows(own, { color, icon: icon_name, reported: config }, 'file');
}
