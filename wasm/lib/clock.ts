// Two clocks: the wall clock dates readings, the monotonic one decides when they are due.
import { clock_time_get, poll_oneoff } from './imports';
import { longest_sleep } from './suspend';

const time = memory.data(8, 8);
// struct subscription (48 bytes) and struct event (32 bytes) of WASI preview 1.
const subscription = memory.data(48, 8);
const event = memory.data(36, 8);

function read(clock: i32): i64 {
  clock_time_get(clock, 0, time);
  return load<i64>(time);
}

/** Unix milliseconds. */
export function wallTime(): i64 {
  return read(0) / 1_000_000;
}

/** Nanoseconds of both clocks mixed: differs between executions. */
export function clockNoise(): u64 {
  return <u64>read(0) ^ ((<u64>read(1)) << 20);
}

/** Milliseconds since an arbitrary start; never goes back. */
export function now(): i64 {
  return read(1) / 1_000_000;
}

/**
 * Sleeps until `deadline` (of `now`) or for `longest_sleep`, whichever is sooner: Bacalhau cannot interrupt a sleep, so a
 * cancelled execution stops only between two. Relative, because its runtime refuses absolute deadlines.
 */
export function sleepTowards(deadline: i64): void {
  const duration = min(deadline - now(), longest_sleep);
  if (duration <= 0) return;
  store<u32>(subscription, 1, 16);
  store<i64>(subscription, duration * 1_000_000, 24);
  poll_oneoff(subscription, event, 1, event + 32);
}
