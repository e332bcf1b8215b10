/** Scopes and values of the `config` commands, from the command line. */
import { Option } from 'commander';
import { usageError } from '../lib/errors/app-error.js';
import type { Scope } from '../protocol/desired-config.js';
import {
  findField,
  SENSOR_CONFIG_FIELDS,
  type SensorConfig,
  type SensorConfigField,
  sensorConfigSchema,
} from '../protocol/sensor-config.js';

export const scopeOptions = (): Option[] => [
  new Option('--region <region>', 'only the sensors of this region').conflicts('host'),
  new Option('--host <hostname>', 'only the sensor of this host'),
];

export function scopeFrom(options: Record<string, unknown>): Scope {
  if (options.host !== undefined) return { hostname: String(options.host) };
  return options.region === undefined ? {} : { region: String(options.region) };
}

/** `color=#00ff88 interval=1`; throws `BAD_VALUE` naming the field. */
export function valuesFrom(words: string[]): SensorConfig {
  const given: Record<string, string> = {};
  for (const word of words) {
    const [name = '', ...rest] = word.split('=');
    if (rest.length === 0) throw usageError('BAD_VALUE', `${JSON.stringify(word)} is not name=value`, EXAMPLE);
    given[fieldNamed(name)] = rest.join('=');
  }
  const parsed = sensorConfigSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw usageError('BAD_VALUE', `${String(path[0])}: ${JSON.stringify(given[String(path[0])])} ${message}`, EXAMPLE);
}

/** In any spelling that sensors take in their files: `random-off`, `randomOff`, `colour`. */
export function fieldNamed(name: string): SensorConfigField {
  const known = findField(name);
  if (known) return known;
  throw usageError(
    'BAD_VALUE',
    `there is no setting ${JSON.stringify(name)}`,
    `Sensors have: ${SENSOR_CONFIG_FIELDS.join(', ')}.`,
  );
}

const EXAMPLE = "For example: wasm-sensors config set color='#00ff88' interval=1";
