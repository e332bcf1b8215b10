// What to change and where: flags and environment.
import { flagName, flagValue, nextFlag, refuse } from '../lib/flags';
import { readHost } from '../lib/host';
import { environment, fieldFlag, MAX_NAME, MAX_TOKEN, MAX_URL, textFlag, urlFlag } from '../lib/inputs';
import { fail, newLine } from '../lib/log';
import { text } from '../lib/out';
import { endOf, is, lengthOf, NOTHING, Slice, slice, startOf } from '../lib/slice';
import { FIELD_COUNT, fieldNamed, parseWhole, UNSET } from '../lib/values';

/** Removes the value of a field. */
export const REMOVE: i32 = i32.MIN_VALUE + 2;

export let proxy: Slice = NOTHING;
export let region: Slice = NOTHING;
export let hostname: Slice = NOTHING;
export let file: Slice = NOTHING;
export let token: Slice = NOTHING;
/** The newest version that sensors reported; -1 = not given. */
export let seen: i64 = -1;

const changes = memory.data(20);

/** The change of a field: a value as `parseField` returns it, `REMOVE`, or `UNSET` for no change. */
export function changeOf(field: i32): i32 {
  return load<i32>(changes + ((<usize>field) << 2));
}

function setChange(field: i32, change: i32): void {
  store<i32>(changes + ((<usize>field) << 2), change);
}

/** `--unset color,emoji`. */
function readUnset(names: Slice): void {
  let at = startOf(names);
  while (at < endOf(names)) {
    const start = at;
    while (at < endOf(names) && load<u8>(at) !== 0x2c) at++;
    const field = fieldNamed(slice(start, at - start));
    if (field < 0) refuse('unknown field', 'Use color, emoji, random_off, interval, paused');
    setChange(field, REMOVE);
    at++;
  }
}

function readFlag(): void {
  const field = fieldNamed(flagName);
  if (field >= 0) {
    const value = fieldFlag(field);
    if (value !== UNSET) setChange(field, value);
  } else if (is(flagName, 'unset')) {
    readUnset(flagValue());
  } else if (is(flagName, 'proxy')) {
    proxy = urlFlag();
  } else if (is(flagName, 'region')) {
    region = textFlag(MAX_NAME);
  } else if (is(flagName, 'hostname')) {
    hostname = textFlag(MAX_NAME);
  } else if (is(flagName, 'seen')) {
    seen = parseWhole(flagValue());
    if (seen < 0) refuse('not a version', 'Use the number that sensors report');
  } else if (is(flagName, 'file')) {
    file = textFlag(MAX_URL);
  } else {
    refuse(
      'unknown flag',
      'Use --proxy or --file, --region or --hostname, --color --emoji --random-off --interval --paused --unset --seen',
    );
  }
}

function refuseAll(why: string): void {
  newLine();
  text(why);
  fail();
}

/** Reads flags and environment; logs what is invalid and fails. */
export function readOptions(): void {
  for (let field = 0; field < FIELD_COUNT; field++) setChange(field, UNSET);
  readHost();
  while (nextFlag()) readFlag();
  token = environment('WASM_SENSORS_TOKEN', MAX_TOKEN);
  let changed = false;
  for (let field = 0; field < FIELD_COUNT; field++) changed = changed || changeOf(field) !== UNSET;
  if (!changed) refuseAll('nothing to change: give a value, such as --color #00ff88, or --unset color');
  if (!lengthOf(proxy) === !lengthOf(file)) refuseAll('give either --proxy http://HOST:PORT or --file PATH');
  if (lengthOf(region) && lengthOf(hostname))
    refuseAll('give --region or --hostname, not both; neither means the whole fleet');
}
