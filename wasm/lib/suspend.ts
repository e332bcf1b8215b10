// Where a host may keep this module's call stack while a call waits (Binaryen's Asyncify): the low memory that the
// linker leaves free (`--memoryBase` in src/modules/compile-assemblyscript.ts). Hosts that can block ignore it.
export const asyncify_buffer_start: usize = 16;
export const asyncify_buffer_end: usize = 1024;
/**
 * Milliseconds for which this module sleeps at most, and for which it does not look at its file again. A host that can end a sleep,
 * and does so when the file has changed, sets a longer time; Bacalhau can't interrupt one.
 */
export let longest_sleep: i64 = 1000;
