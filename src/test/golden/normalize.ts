/** Makes recorded texts the same on every machine and in every run: what differs becomes a placeholder. */
import { fileURLToPath } from 'node:url';

/** A text or pattern, and what stands for it. */
export type Placeholder = readonly [found: string | RegExp, instead: string];

/** The package's folder, without a slash at its end. */
const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

const ALWAYS: readonly Placeholder[] = [
  [PACKAGE, '<package>'],
  // Stacks name lines of code, which move.
  [/^\s+at .*(\n\s+at .*)*$/m, '    <stack>'],
  // Lines that services log.
  [/^\d{4}-\d\d-\d\dT[\d:.]+Z (?=(DEBUG|INFO|WARN|ERROR) )/m, '<time> '],
];

/** The release in the names of images. */
export const IMAGE_VERSION: Placeholder = [/(?<=bacalhau-project\/wasm-sensors:)\d[\w.-]*/, '<version>'];

/** Replaces every occurrence, in the order given; longer texts must come first. */
export function normalize(text: string, placeholders: readonly Placeholder[] = []): string {
  let result = text;
  for (const [found, instead] of [...placeholders, ...ALWAYS]) result = result.replaceAll(toGlobal(found), instead);
  return result;
}

function toGlobal(found: string | RegExp): string | RegExp {
  return typeof found === 'string' ? found : new RegExp(found.source, `${found.flags.replace('g', '')}g`);
}

/** As recorded files carry JSON: two spaces, a line break at the end. */
export const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What a failure carries: its code, whose fault it is, and its words. */
export function toFailure(error: unknown): Record<string, unknown> {
  const { name, message, code, fault, hint, details, exitCode } = error as Error & Record<string, unknown>;
  return { ...(code === undefined ? { name } : { code, fault, exitCode }), message, hint, details };
}
