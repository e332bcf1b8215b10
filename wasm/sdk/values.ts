// Measured values: staged by name while a reading is taken, kept in the ring with it, written when it is sent.
import { dtoa_buffered } from 'util/number';
import { fail, logRarely, newLine, STDERR } from '../lib/log';
import { byte, text } from '../lib/out';
import { charAt } from '../lib/slice';
import { staged } from './instrument';
import { MAX_VALUES, mask, valueAt } from './ring';

const MAX_NAME: i32 = 32;
// Longest number: a sign, 17 digits, a point, and an exponent such as e-308; in UTF-16.
const MAX_NUMBER: usize = 28;
const digits = memory.data(56);

/** All names so far; the place of each is its bit. */
const names: string[] = [];
/** Bytes that all of them take in a reading. */
export let valuesSize: usize = 12;
let stagedMask: u32 = 0;
let refused: u32 = 0;

/** Whether this can be the name of a value or a setting. */
export function isName(name: string): bool {
  for (let i = 0; i < name.length; i++) {
    const c = charAt(name, i);
    if (c - 0x61 >= 26 && (i === 0 || (c !== 0x5f && c - 0x30 >= 10))) return false;
  }
  return name.length > 0 && name.length <= MAX_NAME;
}

function failWith(name: string, why: string): void {
  newLine();
  text("value '");
  text(name);
  text("': ");
  text(why);
  fail();
}

function placeOf(name: string): i32 {
  const known = names.indexOf(name);
  if (known >= 0) return known;
  if (!isName(name)) failWith(name, 'use lower-case letters, digits and _, at most 32, with a letter first');
  if (names.length === MAX_VALUES) failWith(name, 'a reading has at most 16 values');
  valuesSize += name.length + 4 + MAX_NUMBER;
  return names.push(name) - 1;
}

/** What a sensor has measured for one reading. */
export class Values {
  /**
   * Adds a value. The name has lower-case letters, digits and `_`, at most 32, a letter first; a reading has at most 16.
   * Infinity and NaN can't be sent: such a value is left out.
   */
  set(name: string, value: f64): void {
    const place = placeOf(name);
    if (!Number.isFinite(value)) {
      newLine();
      text('left out, not a finite number: ');
      text(name);
      logRarely(STDERR, ++refused);
      return;
    }
    store<f64>(staged + ((<usize>place) << 3), value);
    stagedMask |= 1 << place;
  }
}

/** Forgets the values of the reading before. */
export function clearStaged(): void {
  stagedMask = 0;
}

/** A bit for each staged value. */
export function stagedValues(): u32 {
  return stagedMask;
}

/** As JSON writes it. */
export function writeNumber(value: f64): void {
  const length = dtoa_buffered<f64>(digits, value);
  for (let i: u32 = 0; i < length; i++) byte(load<u16>(digits + (i << 1)));
}

/** Writes `,"values":{...}` for the ring's reading at hand; nothing when it has none. */
export function writeKeptValues(): void {
  let left = mask;
  for (let place = 0; left; place++) {
    text(place ? ',"' : ',"values":{"');
    text(names[ctz(left)]);
    text('":');
    writeNumber(valueAt(place));
    left &= left - 1;
  }
  if (mask) byte(0x7d);
}
