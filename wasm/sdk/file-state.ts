// The state of the YAML file, as this sensor reports it.
export const NO_FILE: i32 = 0;
export const GOOD_FILE: i32 = 1;
export const BAD_FILE: i32 = 2;

export let fileState: i32 = NO_FILE;

/** Sets the state; true when it changes. */
export function setFileState(state: i32): bool {
  const changed = fileState !== state;
  fileState = state;
  return changed;
}
