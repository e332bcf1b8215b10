// The configuration in force: four layers, the strongest value of each field wins (docs/protocol.md, "Precedence").
import { COLOR, EMOJI, FIELD_COUNT, INTERVAL, PAUSED, RANDOM, RANDOM_OFF, UNSET } from '../lib/values';

const DEFAULT: i32 = 0;
export const FLAG: i32 = 1;
export const FILE: i32 = 2;
const FLEET: i32 = 3;
/** Where a source writes before it is known to be valid as a whole. */
export const DRAFT: i32 = 4;

const LAYER_BYTES: usize = 20;
const layers = memory.data(100);

/** Version of the applied fleet configuration; 0 = none. */
export let version: u64 = 0;

function cell(layer: i32, field: i32): usize {
  return layers + <usize>layer * LAYER_BYTES + ((<usize>field) << 2);
}

export function setField(layer: i32, field: i32, value: i32): void {
  store<i32>(cell(layer, field), value);
}

/** Forgets every value of a layer. */
export function clearLayer(layer: i32): void {
  for (let field = 0; field < FIELD_COUNT; field++) setField(layer, field, UNSET);
}

/** Makes the draft the new content of a layer. */
export function adoptDraft(layer: i32): void {
  memory.copy(cell(layer, 0), cell(DRAFT, 0), LAYER_BYTES);
}

export function adoptFleet(newVersion: u64): void {
  version = newVersion;
  adoptDraft(FLEET);
}

export function initConfig(): void {
  for (let layer = FLAG; layer <= FLEET; layer++) clearLayer(layer);
  setField(DEFAULT, COLOR, RANDOM);
  setField(DEFAULT, EMOJI, RANDOM);
  setField(DEFAULT, RANDOM_OFF, 0);
  setField(DEFAULT, INTERVAL, 5000);
  setField(DEFAULT, PAUSED, 0);
}

/** The layer that decides a field. */
export function sourceOf(field: i32): i32 {
  let layer = FLEET;
  while (load<i32>(cell(layer, field)) === UNSET) layer--;
  return layer;
}

/** The value in force, as `parseField` gives it. */
export function effectiveValue(field: i32): i32 {
  return load<i32>(cell(sourceOf(field), field));
}
