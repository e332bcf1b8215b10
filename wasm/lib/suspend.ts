// Where a host may keep this module's call stack while a call waits (Binaryen's Asyncify): the low memory that the
// linker leaves free (`--memoryBase` in src/modules/compile-assemblyscript.ts). Hosts that can block ignore it.
export const asyncify_buffer_start: usize = 16;
export const asyncify_buffer_end: usize = 1024;
