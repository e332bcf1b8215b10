// What a module says. Bacalhau fills its node's disk once an execution has written 16,384 times (each vector counts),
// so a line is one write of one vector, and a kind of line gets rarer the more often it was said.
import { begin, byte, number, text, written } from "./out";
import { lengthOf, startOf } from "./slice";
import { fd_write } from "./wasi";

export const STDOUT: i32 = 1;
export const STDERR: i32 = 2;

const CAPACITY: usize = 400;
const line = memory.data(400);
const vector = memory.data(12);

/** Starts a line; write it with `out`, finish it with `say`. */
export function newLine(): void {
  begin(line, CAPACITY - 1);
}

/** Ends the line and writes it at once. */
export function say(fd: i32): void {
  const s = written();
  store<u8>(startOf(s) + lengthOf(s), 10);
  store<u32>(vector, <u32>startOf(s));
  store<u32>(vector, <u32>lengthOf(s) + 1, 4);
  fd_write(fd, vector, 1, vector + 8);
}

/** Ends a line of a kind that may come for ever: said 20 times, then at each doubling of its count. */
export function saySeldom(fd: i32, count: u32): void {
  if (count > 20) {
    if (count & (count - 1)) return;
    text(" (time ");
    number(count);
    byte(0x29);
  }
  say(fd);
}

/** Says the current line and traps: the only end that Bacalhau shows as a failure. */
export function fail(): void {
  say(STDERR);
  unreachable();
}

/** What the compiler calls for a failed check; it never happens unless the module has a bug. */
export function abort(_message: usize, _file: usize, row: u32, _column: u32): void {
  newLine();
  text("internal error at row ");
  number(row);
  fail();
}
