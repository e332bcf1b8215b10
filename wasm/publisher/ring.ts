// Readings that the proxy has not accepted yet. A record is 12 bytes: when (i64 ms), icon index and colour (u32).
// Readings leave in order or from the old end, so the sequence of each follows from its position. An empty ring starts
// again at its first page, so that a sensor whose proxy answers never touches the other pages.

/** 5.7 hours at the default interval of 5 s; untouched pages cost a host nothing. */
const CAPACITY: u32 = 4096;
const RECORD: usize = 12;
const records = memory.data(49152, 8);

/** Sequence of the newest reading; 0 = none taken. */
export let taken: u32 = 0;
/** Readings waiting. */
export let waiting: u32 = 0;

/** Position of the oldest reading. */
let start: u32 = 0;

function record(sequence: u32): usize {
  return records + <usize>((start + sequence - oldest()) % CAPACITY) * RECORD;
}

/** Keeps a new reading. A full ring drops the oldest one, which leaves a gap in the sequence. */
export function keep(time: i64, icon: u32, rgb: u32): void {
  taken++;
  if (waiting < CAPACITY) waiting++;
  else start++;
  const at = record(taken);
  store<i64>(at, time);
  store<u32>(at, (icon << 24) | rgb, 8);
}

/** Sequence of the oldest waiting reading. */
export function oldest(): u32 {
  return taken - waiting + 1;
}

export function timeOf(sequence: u32): i64 {
  return load<i64>(record(sequence));
}

export function iconOf(sequence: u32): u32 {
  return load<u8>(record(sequence), 11);
}

export function colorOf(sequence: u32): u32 {
  return load<u32>(record(sequence), 8) & 0xffffff;
}

/** Removes the readings up to this sequence; some may have been overwritten meanwhile. */
export function release(upTo: u32): void {
  const count = upTo - oldest() + 1;
  if (<i32>count <= 0) return;
  waiting -= count;
  start = waiting ? start + count : 0;
}
