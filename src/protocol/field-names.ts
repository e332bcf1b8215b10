/** How the names of the configurable fields may be spelt. */
import { SENSOR_CONFIG_FIELDS, type SensorConfigField } from './sensor-config.js';

/** The field of a name in any spelling that sensors take: `random-off`, `randomOff`, `colour`; undefined for others. */
export function findField(name: string): SensorConfigField | undefined {
  return SENSOR_CONFIG_FIELDS.find((field) => plain(field) === plain(name));
}

const plain = (name: string) => name.toLowerCase().replace(/[-_]/g, '').replace('colour', 'color');
