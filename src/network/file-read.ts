/** Waiting until the sensors of a region do what their YAML file says. */
import { shows } from '../core/desired.js';
import type { SensorView } from '../core/fleet-view.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfig, type SensorConfigField } from '../core/sensor-config.js';
import { waitFor } from '../lib/backoff.js';
import type { FleetClient } from '../puller/client.js';

export interface FileRead {
  /** Live and paused sensors of the region. */
  sensors: number;
  /** Those that report the file as good and show its values. */
  read: number;
  /** Values of the file that a stronger one of the fleet configuration hides, in at least one sensor. */
  hidden: SensorConfigField[];
}

/** `wanted`: all that the file sets. Resolves at the timeout, too, with what was seen until then. */
export async function untilFileRead(
  fleet: FleetClient,
  region: string,
  wanted: SensorConfig,
  options: { timeoutMs: number; onProgress(read: FileRead): void },
): Promise<FileRead> {
  let last: FileRead = { sensors: 0, read: 0, hidden: [] };
  const look = async () => {
    const { sensors } = await fleet.snapshot();
    const own = sensors.filter((s) => s.region === region && (s.state === 'live' || s.state === 'paused'));
    const hidden = SENSOR_CONFIG_FIELDS.filter(
      (field) => wanted[field] !== undefined && own.some((sensor) => sensor.config?.sources[field] === 'fleet'),
    );
    last = { sensors: own.length, read: own.filter((sensor) => hasRead(sensor, wanted)).length, hidden };
    options.onProgress(last);
    return last.read === last.sensors || undefined;
  };
  await waitFor(look, { timeoutMs: options.timeoutMs, everyMs: 100 });
  return last;
}

/** Whether a sensor shows every value of the file that nothing stronger hides, and no value that the file has lost. */
function hasRead({ color, icon_name, config }: SensorView, wanted: SensorConfig): boolean {
  if (config?.file !== 'ok') return false;
  const fields = SENSOR_CONFIG_FIELDS.filter((field) => config.sources[field] !== 'fleet');
  if (fields.some((field) => wanted[field] === undefined && config.sources[field] === 'file')) return false;
  const own = Object.fromEntries(fields.map((field) => [field, wanted[field]]));
  return shows(own, { color, icon: icon_name, reported: config }, 'file');
}
