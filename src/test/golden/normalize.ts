/** Makes recorded texts the same on every machine and in every run: what differs becomes a placeholder. */
import { fileURLToPath } from 'node:url';

/** A text or pattern, and what stands for it. */
export type Placeholder = readonly [string | RegExp, string];

/** The package's folder, without a slash at its end. */
export const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** What every area needs. */
const ALWAYS: readonly Placeholder[] = [
  [PACKAGE, '<package>'],
  // Stacks name lines of code, which move.
  [/^\s+at .*(\n\s+at .*)*$/gm, '    <stack>'],
];

/** Durations, where a test does not hold the clock. */
export const DURATIONS: readonly Placeholder[] = [
  [/\b\d+\.\d s\b/g, '<s> s'],
  [/("seconds": ?)\d+(\.\d+)?/g, '$1<s>'],
];

/** Replaces every occurrence, in the order given; longer texts must come first. */
export function normalize(text: string, placeholders: readonly Placeholder[] = []): string {
  let out = text;
  for (const [from, to] of [...placeholders, ...ALWAYS]) {
    out = typeof from === 'string' ? out.split(from).join(to) : out.replace(from, to);
  }
  return out;
}
