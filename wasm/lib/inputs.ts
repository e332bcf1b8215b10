// Flags and environment variables that become part of requests: checked here, because the buffers of those are fixed.
import { flagSwitch, flagValue, refuse } from "./flags";
import { variable } from "./host";
import { fail, newLine } from "./log";
import { text } from "./out";
import { Slice, endOf, lengthOf, slice, startOf, startsWith } from "./slice";
import { BAD, PAUSED, RANDOM_OFF, UNSET, fieldHelp, parseField } from "./values";

export const MAX_NAME: usize = 255;
export const MAX_URL: usize = 400;
export const MAX_TOKEN: usize = 512;

/** Printable and not too long: fit for a header, a URL or a reading. */
function fits(value: Slice, maximum: usize): bool {
  for (let at = startOf(value); at < endOf(value); at++) {
    if (load<u8>(at) < 0x20) return false;
  }
  return lengthOf(value) <= maximum;
}

/** An environment variable; one that cannot be used ends the module. */
export function environment(name: string, maximum: usize): Slice {
  const value = variable(name);
  if (!fits(value, maximum)) {
    newLine();
    text(name);
    text(" in the environment is too long or not printable. Set a shorter one");
    fail();
  }
  return value;
}

/** The value of a flag that is text. */
export function textFlag(maximum: usize): Slice {
  const value = flagValue();
  if (!fits(value, maximum)) refuse("too long, or not printable", "Use a shorter one");
  return value;
}

/** A base URL; slashes at its end are not needed. */
export function urlFlag(): Slice {
  const value = textFlag(MAX_URL);
  const start = startOf(value);
  let end = endOf(value);
  if (!startsWith(start, end, "http://") && !startsWith(start, end, "https://")) {
    refuse("the URL must start with http:// or https://", "Such as --proxy http://10.0.0.5:9090");
  }
  for (let at = start; at < end; at++) {
    if (load<u8>(at) == 0x40) refuse("the URL must not hold a user or password", "Set SENSOR_TOKEN in the environment");
  }
  while (load<u8>(end - 1) == 0x2f) end--;
  return slice(start, end - start);
}

/** The value of a configurable field's flag; `UNSET` when it is empty. */
export function fieldFlag(field: i32): i32 {
  let parsed: i32 = UNSET;
  if (field == RANDOM_OFF || field == PAUSED) {
    parsed = flagSwitch();
  } else {
    const value = flagValue();
    if (lengthOf(value)) parsed = parseField(field, value);
  }
  if (parsed == BAD) refuse("the value cannot be used", fieldHelp(field));
  return parsed;
}
