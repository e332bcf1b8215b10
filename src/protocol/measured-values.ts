/** What a sensor measured: the optional `values` of a reading (docs/protocol.md, "Values"). */

/** By name, each a finite number. */
export type MeasuredValues = Record<string, number>;

/** Every name becomes a label and a column in what shows or stores it. */
const MAX_VALUES = 16;
const VALUE_NAME = /^[a-z][a-z0-9_]{0,31}$/;

export const isValueName = (name: string): boolean => VALUE_NAME.test(name);

/** Why this is no object of measured values; undefined when it is one. */
export function findValuesProblem(values: unknown): string | undefined {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return 'values must be an object';
  let count = 0;
  for (const name in values) {
    if (++count > MAX_VALUES) return `values must have at most ${MAX_VALUES} entries`;
    if (!isValueName(name)) {
      return 'names of values must be lower-case letters, digits and _, begin with a letter, and have at most 32 characters';
    }
    // JSON has no infinity, but 1e999 becomes one.
    if (!Number.isFinite((values as MeasuredValues)[name])) return `values: ${name} must be a finite number`;
  }
  return undefined;
}

/** What the publisher can measure (wasm/publisher/profile.ts); `none`: nothing. */
export const PROFILES = ['none', 'cold-chain', 'weather', 'machine'] as const;
export type Profile = (typeof PROFILES)[number];
