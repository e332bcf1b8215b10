// Borrowed bytes (an argument, a part of an answer) as one number: nothing is copied or allocated.

/** Address in the upper half, length in bytes in the lower; 0 = nothing. */
export type Slice = u64;

export const NOTHING: Slice = 0;

export function slice(start: usize, length: usize): Slice {
  return ((<u64>start) << 32) | length;
}

export function startOf(s: Slice): usize {
  return <usize>(s >> 32);
}

export function lengthOf(s: Slice): usize {
  return <usize>(s & 0xffffffff);
}

export function endOf(s: Slice): usize {
  return startOf(s) + lengthOf(s);
}

/** Code unit of a literal; literals are ASCII throughout. */
export function charAt(word: string, index: i32): u32 {
  return load<u16>(changetype<usize>(word) + ((<usize>index) << 1));
}

/** A zero-terminated string, as arguments and the environment are. */
export function fromC(start: usize): Slice {
  let end = start;
  while (load<u8>(end)) end++;
  return slice(start, end - start);
}

/** Whether the bytes at `start` begin with `word`. */
export function startsWith(start: usize, end: usize, word: string): bool {
  const length = word.length;
  if (<usize>length > end - start) return false;
  for (let i = 0; i < length; i++) {
    if (load<u8>(start + i) !== charAt(word, i)) return false;
  }
  return true;
}

/** Equality regardless of case. */
export function is(s: Slice, word: string): bool {
  return matches(s, word, false);
}

/** Equality regardless of case, `-` and `_`: `random_off`, `randomOff` and `random-off` are one name. */
export function named(s: Slice, word: string): bool {
  return matches(s, word, true);
}

function matches(s: Slice, word: string, loosely: bool): bool {
  const length = word.length;
  const end = endOf(s);
  let matched = 0;
  for (let at = startOf(s); at < end; at++) {
    let c: u32 = load<u8>(at);
    if (loosely && (c === 0x2d || c === 0x5f)) continue;
    if (c - 0x41 < 26) c |= 0x20;
    if (matched === length || c !== charAt(word, matched)) return false;
    matched++;
  }
  return matched === length;
}

/** FNV-1a, continued from `hash`. */
export function hash(s: Slice, start: u64 = 0xcbf29ce484222325): u64 {
  let value = start;
  const end = endOf(s);
  for (let at = startOf(s); at < end; at++) value = (value ^ load<u8>(at)) * 0x100000001b3;
  return value;
}
