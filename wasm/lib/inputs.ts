// Flags and environment variables that become part of requests: checked here, because the buffers of requests are fixed.
import { flagSwitch, flagValue, refuse } from './flags';
import { variable } from './host';
import { fail, newLine } from './log';
import { text } from './out';
import { endOf, lengthOf, Slice, slice, startOf, startsWith } from './slice';
import { BAD, fieldHelp, PAUSED, parseField, RANDOM_OFF, UNSET } from './values';

export const MAX_NAME: usize = 255;
export const MAX_URL: usize = 400;
export const MAX_TOKEN: usize = 512;

/** Printable and not too long for a header, a URL or a reading. */
function fits(value: Slice, maximum: usize): bool {
  for (let at = startOf(value); at < endOf(value); at++) {
    if (load<u8>(at) < 0x20) return false;
  }
  return lengthOf(value) <= maximum;
}

/** An environment variable; traps when it is invalid. */
export function environment(name: string, maximum: usize): Slice {
  const value = variable(name);
  if (!fits(value, maximum)) {
    newLine();
    text(name);
    text(' in the environment is too long or not printable. Set a shorter value');
    fail();
  }
  return value;
}

/** The value of a flag that is text. */
export function textFlag(maximum: usize): Slice {
  const value = flagValue();
  if (!fits(value, maximum)) refuse('too long or not printable', 'Use a shorter value');
  return value;
}

/** A base URL, without slashes at its end. */
export function urlFlag(): Slice {
  const value = textFlag(MAX_URL);
  const start = startOf(value);
  let end = endOf(value);
  if (!startsWith(start, end, 'http://') && !startsWith(start, end, 'https://')) {
    refuse('the URL must start with http:// or https://', 'Example: --proxy http://10.0.0.5:9090');
  }
  for (let at = start; at < end; at++) {
    if (load<u8>(at) === 0x40)
      refuse('the URL must not contain a user or password', 'Set SENSOR_TOKEN in the environment');
  }
  while (load<u8>(end - 1) === 0x2f) end--;
  return slice(start, end - start);
}

/** The value of a configurable field's flag; `UNSET` when it is empty. */
export function fieldFlag(field: i32): i32 {
  let parsed: i32 = UNSET;
  if (field === RANDOM_OFF || field === PAUSED) {
    parsed = flagSwitch();
  } else {
    const value = flagValue();
    if (lengthOf(value)) parsed = parseField(field, value);
  }
  if (parsed === BAD) refuse('invalid value', fieldHelp(field));
  return parsed;
}
