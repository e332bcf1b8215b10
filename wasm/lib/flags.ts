// Command line flags, as `--flag value` and `--flag=value`.

import { argument, argumentCount } from './host';
import { fail, newLine } from './log';
import { bytes, text } from './out';
import { endOf, lengthOf, NOTHING, Slice, slice, startOf, startsWith } from './slice';
import { parseBoolean, UNSET } from './values';

let index: u32 = 0;
/** The flag's name, without the dashes. */
export let flagName: Slice = NOTHING;
let attached: bool = false;
let attachedValue: Slice = NOTHING;

/** Logs why the current flag is invalid and what to do, and traps. */
export function refuse(why: string, hint: string): void {
  newLine();
  text('--');
  bytes(flagName);
  text(': ');
  text(why);
  text('. ');
  text(hint);
  fail();
}

/** Moves to the next flag; false when there is none. */
export function nextFlag(): bool {
  if (++index >= argumentCount()) return false;
  const whole = argument(index);
  let start = startOf(whole);
  const end = endOf(whole);
  if (!startsWith(start, end, '--')) {
    newLine();
    text("argument '");
    bytes(whole);
    text("' is not a flag. Write --flag value or --flag=value");
    fail();
  }
  start += 2;
  let at = start;
  while (at < end && load<u8>(at) !== 0x3d) at++;
  flagName = slice(start, at - start);
  attached = at < end;
  attachedValue = attached ? slice(at + 1, end - at - 1) : NOTHING;
  return true;
}

/** The flag's value. */
export function flagValue(): Slice {
  if (attached) return attachedValue;
  if (++index >= argumentCount()) refuse('value missing', 'Write --flag value or --flag=value');
  return argument(index);
}

/** The value of a flag that may stand alone, which means true: 1, 0, `UNSET` when empty, `BAD` when it is not a boolean. */
export function flagSwitch(): i32 {
  if (!attached) {
    if (index + 1 >= argumentCount()) return 1;
    attachedValue = argument(index + 1);
    if (startsWith(startOf(attachedValue), endOf(attachedValue), '--')) return 1;
    index++;
  }
  return lengthOf(attachedValue) ? parseBoolean(attachedValue) : UNSET;
}
