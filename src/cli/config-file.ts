/** The YAML file of a region's sensors, for commands that change it. */
import { parse } from 'yaml';
import { type SensorConfig, sensorConfigSchema } from '../core/sensor-config.js';
import type { FileRead } from '../network/file-read.js';
import { fieldNamed } from './config-scope.js';

/** What a file that sensors use sets. */
export function valuesOfFile(text: string): SensorConfig {
  const values = Object.entries((parse(text) ?? {}) as Record<string, unknown>);
  return sensorConfigSchema.parse(Object.fromEntries(values.map(([name, value]) => [fieldNamed(name), value])));
}

/** What was seen, with what a stronger source hides: a file that was read need not show. */
export function fileReadText(file: string, region: string, { sensors, read, hidden }: FileRead): string {
  if (sensors === 0) return `${file} was changed; no sensor of ${region} sends now`;
  const done = `${read}/${sensors} sensors of ${region} do what ${file} says`;
  if (hidden.length === 0) return done;
  return `${done}, but the fleet configuration is stronger for ${hidden.join(', ')}: see \`wasm-sensors config show\``;
}
