// Configuration values as text that is both JSON and YAML.
import { byte, color, number, padded, text } from '../lib/out';
import { COLOR, EMOJI, INTERVAL, RANDOM, RANDOM_OFF } from '../lib/values';

/** Name of a field on the wire and in files. */
export function fieldName(field: i32): string {
  if (field === COLOR) return 'color';
  if (field === EMOJI) return 'emoji';
  if (field === RANDOM_OFF) return 'random_off';
  return field === INTERVAL ? 'interval' : 'paused';
}

/** Writes a value as `parseField` gives it. */
export function writeValue(field: i32, value: i32): void {
  if (field === COLOR) {
    byte(0x22);
    if (value === RANDOM) text('random');
    else color(value);
    byte(0x22);
  } else if (field === EMOJI) {
    if (value === RANDOM) text('-1');
    else number(value);
  } else if (field === INTERVAL) {
    number(value / 1000);
    if (value % 1000) {
      byte(0x2e);
      padded(value % 1000, 3);
    }
  } else {
    text(value ? 'true' : 'false');
  }
}
