// The five configurable fields and how their values are written: one place for flags, the YAML file and the network.
import { endOf, is, lengthOf, named, Slice, startOf } from './slice';

export const COLOR: i32 = 0;
export const EMOJI: i32 = 1;
export const RANDOM_OFF: i32 = 2;
export const INTERVAL: i32 = 3;
export const PAUSED: i32 = 4;
export const FIELD_COUNT: i32 = 5;

/** A colour or emoji that the sensor chooses. */
export const RANDOM: i32 = -1;
/** Not a valid value of the field. */
export const BAD: i32 = i32.MIN_VALUE;
/** No value given. */
export const UNSET: i32 = i32.MIN_VALUE + 1;

export const ICON_COUNT: i32 = 16;
const MIN_INTERVAL_MS: i64 = 50;
const MAX_INTERVAL_MS: i64 = 86_400_000;

/** Index of the field with this name in any spelling; -1 = unknown field. */
export function fieldNamed(name: Slice): i32 {
  if (named(name, 'color') || named(name, 'colour')) return COLOR;
  if (named(name, 'emoji')) return EMOJI;
  if (named(name, 'randomoff')) return RANDOM_OFF;
  if (named(name, 'interval')) return INTERVAL;
  return named(name, 'paused') ? PAUSED : -1;
}

/** Value of a field as a number: colour 0xrrggbb or -1, emoji index or -1, booleans 0 or 1, interval in milliseconds. */
export function parseField(field: i32, value: Slice): i32 {
  if (field === COLOR) return parseColor(value);
  if (field === EMOJI) return parseEmoji(value);
  return field === INTERVAL ? parseInterval(value) : parseBoolean(value);
}

/** What a field accepts, for people. */
export function fieldHelp(field: i32): string {
  if (field === COLOR) return 'Use a colour such as #00ff88, or random';
  if (field === EMOJI) return "Use an icon's index from 0 to 15, or random";
  return field === INTERVAL ? 'Use seconds from 0.05 to 86400' : 'Use true or false';
}

function isRandom(value: Slice): bool {
  return is(value, 'random') || is(value, '-1');
}

function parseColor(value: Slice): i32 {
  if (isRandom(value)) return RANDOM;
  let at = startOf(value);
  if (lengthOf(value) !== 7 || load<u8>(at) !== 0x23) return BAD;
  let rgb = 0;
  while (++at < endOf(value)) {
    const c: u32 = load<u8>(at);
    const letter = (c | 0x20) - 0x61;
    if (c - 0x30 < 10) rgb = (rgb << 4) | (c - 0x30);
    else if (letter < 6) rgb = (rgb << 4) | (letter + 10);
    else return BAD;
  }
  return rgb;
}

function parseEmoji(value: Slice): i32 {
  if (isRandom(value)) return RANDOM;
  const index = parseWhole(value);
  return index >= 0 && index < ICON_COUNT ? <i32>index : BAD;
}

/** Milliseconds, rounded half up; the limits hold for the number as written. */
function parseInterval(value: Slice): i32 {
  let digits = parseDecimal(value, true);
  let millisecond: i64 = 1;
  for (; decimals < 3; decimals++) digits *= 10;
  for (; decimals > 3; decimals--) millisecond *= 10;
  const tooLong = (digits + millisecond - 1) / millisecond > MAX_INTERVAL_MS;
  if (tooLong || digits / millisecond < MIN_INTERVAL_MS) return BAD;
  return <i32>((digits + millisecond / 2) / millisecond);
}

export function parseBoolean(value: Slice): i32 {
  if (is(value, 'true') || is(value, 'yes') || is(value, 'on') || is(value, '1')) return 1;
  if (is(value, 'false') || is(value, 'no') || is(value, 'off') || is(value, '0')) return 0;
  return BAD;
}

/** Digits after the point in the number that `parseDecimal` read last. */
let decimals: i32 = 0;

/** All digits of a decimal number from 0, at most 15, as one whole number; -1 = not such a number. */
function parseDecimal(value: Slice, mayHavePoint: bool): i64 {
  let result: i64 = 0;
  let digits = 0;
  let point = false;
  decimals = 0;
  for (let at = startOf(value); at < endOf(value); at++) {
    const c: u32 = load<u8>(at);
    if (c - 0x30 < 10) {
      digits++;
      decimals += i32(point);
      result = result * 10 + (c - 0x30);
    } else if (c === 0x2e && !point && mayHavePoint) {
      point = true;
    } else {
      return -1;
    }
  }
  return digits && digits <= 15 ? result : -1;
}

/** A number from 0 with at most two decimals, times 100; -1 = not one. */
export function parseHundredths(value: Slice): i64 {
  let digits = parseDecimal(value, true);
  if (decimals > 2) return -1;
  for (; digits >= 0 && decimals < 2; decimals++) digits *= 10;
  return digits;
}

/** A whole number from 0; -1 = not one. */
export function parseWhole(value: Slice): i64 {
  return parseDecimal(value, false);
}
