// The log of a module. Bacalhau fills its node's disk once an execution has written 16,384 times (each vector counts),
// so a line is one write of one vector, and a repeated line is logged less and less often.

import { fd_write, proc_exit } from './imports';
import { begin, number, text, written } from './out';
import { lengthOf, startOf } from './slice';

export const STDOUT: i32 = 1;
export const STDERR: i32 = 2;

const CAPACITY: usize = 400;
const line = memory.data(400);
const vector = memory.data(12);

/** Starts a line; write it with `out`, finish it with `log`. */
export function newLine(): void {
  begin(line, CAPACITY - 1);
}

/** Completes the line and writes it at once. */
export function log(fd: i32): void {
  const s = written();
  store<u8>(startOf(s) + lengthOf(s), 10);
  store<u32>(vector, <u32>startOf(s));
  store<u32>(vector, <u32>lengthOf(s) + 1, 4);
  fd_write(fd, vector, 1, vector + 8);
}

/** Completes a line that may repeat without end: logged 20 times, then at each doubling of its count. */
export function logRarely(fd: i32, count: u32): void {
  if (count > 20) {
    if (count & (count - 1)) return;
    text(' (');
    number(count);
    text(' times)');
  }
  log(fd);
}

let exits: bool = false;

/** For a module that runs once and is looked at afterwards. */
export function failWithExitCode(): void {
  exits = true;
}

/**
 * Logs the current line and traps: the only exit that Bacalhau shows as a failure. But of a trap it shows only the stack;
 * what was logged it shows of a module that exits, here with 1.
 */
export function fail(): void {
  log(STDERR);
  if (exits) proc_exit(1);
  unreachable();
}

/** The compiler calls this for a failed check: a bug of the module. */
export function abort(_message: usize, _file: usize, row: u32, _column: u32): void {
  newLine();
  text('internal error at line ');
  number(row);
  fail();
}
