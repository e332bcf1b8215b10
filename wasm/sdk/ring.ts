// Readings that the proxy has not accepted yet, oldest first, as words of four bytes: two with the time (48 bits, Unix
// ms) and a bit for each of the values that follow (16 bits), one with icon index and colour, and two for each value.
// Readings leave in order or from the old end, so the sequence of each follows from its position. An empty ring starts
// again at its first page, so that a sensor whose proxy answers never touches the other pages.

/** 4,096 readings without values, 5.7 hours at the default interval of 5 s; untouched pages cost a host nothing. */
const WORDS: u32 = 12288;
const words = memory.data(49152, 8);
const HEAD_WORDS: u32 = 3;
/** Values that a reading has at most (docs/protocol.md). */
export const MAX_VALUES: i32 = 16;

/** Sequence of the newest reading; 0 = none taken. */
export let taken: u32 = 0;
/** Readings waiting. */
export let waiting: u32 = 0;
/** Time of the first reading (Unix ms). */
export let began: i64 = 0;
/** Readings that made room for newer ones before the proxy had accepted them. */
export let dropped: u32 = 0;

/** Position of the oldest reading. */
let start: u32 = 0;
let used: u32 = 0;
/** Position of the reading that `read` gives next. */
let next: u32 = 0;

// The reading that `read` gave last.
export let time: i64 = 0;
export let icon: u32 = 0;
export let rgb: u32 = 0;
/** Which values it has: a bit each. */
export let mask: u32 = 0;
let firstValue: u32 = 0;

function at(position: u32): usize {
  return words + ((<usize>(position % WORDS)) << 2);
}

function append(word: u32): void {
  store<u32>(at(start + used++), word);
}

function sizeOf(valueMask: u32): u32 {
  return HEAD_WORDS + (popcnt(valueMask) << 1);
}

/**
 * Keeps a new reading with the values of `valueMask`, each at its place in `values` (f64). A full ring drops the oldest
 * readings, which leaves a gap in the sequence.
 */
export function keep(takenAt: i64, iconIndex: u32, color: u32, valueMask: u32, values: usize): void {
  while (used + sizeOf(valueMask) > WORDS) {
    drop();
    dropped++;
  }
  if (!taken) began = takenAt;
  taken++;
  waiting++;
  append(<u32>takenAt);
  append(<u32>(takenAt >> 32) | (valueMask << 16));
  append((iconIndex << 24) | color);
  for (; valueMask; valueMask &= valueMask - 1) {
    const value = values + ((<usize>ctz(valueMask)) << 3);
    append(load<u32>(value));
    append(load<u32>(value, 4));
  }
}

/** Sequence of the oldest waiting reading. */
export function oldest(): u32 {
  return taken - waiting + 1;
}

/** `read` begins with the oldest reading. */
export function rewind(): void {
  next = start;
}

export function read(): void {
  const high = load<u32>(at(next + 1));
  const look = load<u32>(at(next + 2));
  time = <i64>load<u32>(at(next)) | ((<i64>(high & 0xffff)) << 32);
  mask = high >> 16;
  icon = look >> 24;
  rgb = look & 0xffffff;
  firstValue = next + HEAD_WORDS;
  next += sizeOf(mask);
}

/** A value of the reading at hand, by its place among those that it has. */
export function valueAt(place: u32): f64 {
  const position = firstValue + (place << 1);
  return reinterpret<f64>(<u64>load<u32>(at(position)) | ((<u64>load<u32>(at(position + 1))) << 32));
}

function drop(): void {
  const size = sizeOf(load<u32>(at(start + 1)) >> 16);
  start = (start + size) % WORDS;
  used -= size;
  waiting--;
}

/** Removes the readings up to this sequence. */
export function release(upTo: u32): void {
  while (waiting && oldest() <= upTo) drop();
  if (!waiting) start = 0;
}
