// Pseudo-random numbers, seeded by identity and clocks: on Bacalhau `random_get` returns the same bytes in every
// execution, but sensors must differ in colour and timing.
import { clockNoise } from './clock';
import { hash, Slice } from './slice';

let state: u64 = 1;

/** Seeds from what distinguishes this execution from the others. */
export function seed(identity: Slice, place: Slice): void {
  state = (hash(place, hash(identity)) ^ clockNoise()) | 1;
  next();
}

function next(): u64 {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/** Evenly from 0 up to, not including, `bound`. */
export function below(bound: u64): u64 {
  return (next() >> 11) % bound;
}
