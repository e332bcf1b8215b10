/** Makes one of what is the same in many sensors: after JSON each would have a job, a region and a configuration of its own. */
import type { ReportedConfig } from '../protocol/sensor-config.js';
import type { SensorRecord } from './sensor-record.js';

/** Call what this gives for each sensor. */
export function interner() {
  const texts = new Map<string, string>();
  const configs = new Map<string, ReportedConfig>();
  function intern<T>(known: Map<string, T>, key: string, value: T): T {
    const found = known.get(key) ?? value;
    known.set(key, found);
    return found;
  }
  return (sensor: Pick<SensorRecord, 'reading' | 'config' | 'newestTimestamp' | 'beganAt'>): void => {
    const { reading, config } = sensor;
    for (const name of ['job_id', 'region', 'color', 'icon_name'] as const) {
      reading[name] = intern(texts, reading[name], reading[name]);
    }
    if (config) sensor.config = intern(configs, JSON.stringify(config), config);
    if (sensor.newestTimestamp === reading.timestamp) sensor.newestTimestamp = reading.timestamp;
    if (sensor.beganAt === reading.timestamp) sensor.beganAt = reading.timestamp;
  };
}
