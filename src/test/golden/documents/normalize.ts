/** What differs from run to run becomes a placeholder, so that recorded files can be compared as text. */

/** A text to look for, and what stands for it. */
export type Placeholder = [found: string | RegExp, name: string];

/** The first placeholder wins; names are written as `<name>`. */
export function normalize(text: string, placeholders: Placeholder[] = []): string {
  let result = text;
  for (const [found, name] of placeholders) result = result.replaceAll(toGlobal(found), `<${name}>`);
  return result;
}

/** The release in the names of images. */
export const IMAGE_VERSION: Placeholder = [/(?<=bacalhau-project\/wasm-sensors:)\d[\w.-]*/, 'version'];

/** Ports behind the loopback address; those that people know by number are below 10,000 and stay. */
export const LOOPBACK_PORT: Placeholder = [/(?<=127\.0\.0\.1:)[1-9]\d{4}\b/, 'port'];

function toGlobal(found: string | RegExp): string | RegExp {
  return typeof found === 'string' ? found : new RegExp(found.source, `${found.flags.replace('g', '')}g`);
}

/** As recorded files carry JSON: two spaces, a line break at the end. */
export const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What a failure tells: its code, whose fault it is, and its words. */
export function toFailure(error: unknown): Record<string, unknown> {
  const { name, message, code, fault, hint, details, exitCode } = error as Error & Record<string, unknown>;
  return { ...(code === undefined ? { name } : { code, fault, exitCode }), message, hint, details };
}
