// Files below the preopened "/" (descriptor 3 on Bacalhau), opened by path each time: an input may be replaced.

import { ERRNO_OK, fd_close, fd_read, path_filestat_get, path_open } from './imports';
import { hash, lengthOf, Slice, slice, startOf } from './slice';

const ROOT: i32 = 3;
const FOLLOW: i32 = 1;
const RIGHT_READ: i64 = 2;

const stat = memory.data(64, 8);
// A vector, the count of a call, and the descriptor of an opened file.
const cells = memory.data(16);

/** The path below "/". */
export function belowRoot(path: Slice): Slice {
  let start = startOf(path);
  let length = lengthOf(path);
  while (length && load<u8>(start) === 0x2f) {
    start++;
    length--;
  }
  return slice(start, length);
}

/** Why the last operation on a file failed; 0 = it did not. */
export let errno: i32 = ERRNO_OK;

/** What changes when a file is edited or replaced: identity, size and times as one number; 0 when there is no file. */
export function fingerprint(path: Slice): u64 {
  errno = path_filestat_get(ROOT, FOLLOW, startOf(path), lengthOf(path), stat);
  if (errno) return 0;
  // Access time (at 40) changes by reading.
  const identity = hash(slice(stat, 40));
  return hash(slice(stat + 48, 16), identity) | 1;
}

/** Opens a file; its descriptor, or -1 with `errno`. */
export function open(path: Slice, flags: i32, rights: i64): i32 {
  errno = path_open(ROOT, FOLLOW, startOf(path), lengthOf(path), flags, rights, 0, 0, cells + 12);
  return errno ? -1 : load<i32>(cells, 12);
}

/** Reads a whole file; the bytes read, `capacity` of them when it may be longer, or -1 with `errno`. */
export function readFile(path: Slice, buffer: usize, capacity: usize): i32 {
  const fd = open(path, 0, RIGHT_READ);
  if (fd < 0) return -1;
  let length: usize = 0;
  while (length < capacity) {
    store<u32>(cells, <u32>(buffer + length));
    store<u32>(cells, <u32>(capacity - length), 4);
    errno = fd_read(fd, cells, 1, cells + 8);
    const count = load<u32>(cells, 8);
    if (errno || !count) break;
    length += count;
  }
  fd_close(fd);
  return errno ? -1 : <i32>length;
}
