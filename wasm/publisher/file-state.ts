// What this sensor says about its YAML file.
export const NO_FILE: i32 = 0;
export const GOOD_FILE: i32 = 1;
export const BAD_FILE: i32 = 2;

export let fileState: i32 = NO_FILE;

/** Notes the state; true when it is a change. */
export function setFileState(state: i32): bool {
  const changed = fileState != state;
  fileState = state;
  return changed;
}
