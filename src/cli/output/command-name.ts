/**
 * Hints name a command that works in the user's shell. In the code they have `wasm-sensors …`; {@link Output} and the
 * help texts pass them through here.
 */
import { typedCommand } from '../../lib/process/typed-command.js';

/** Also for the processes that this one starts: they can't see how the user started it. */
const VARIABLE = 'WASM_SENSORS_COMMAND';

/** Call before anything is written, and before the working folder changes. */
export function rememberCommandName(): void {
  process.env[VARIABLE] ??= typedCommand();
}

/** The words with which the user starts this program. */
export const commandName = (): string => process.env[VARIABLE] ?? 'wasm-sensors';

/** In a sentence or an example, not as part of a path, of an image's name or of a command that is complete already. */
const NAMED = /(?<![\w./@-]|npx |node )wasm-sensors (?=(?:--)?[a-z])/g;

/** The text with the commands that it names as this user has to type them. */
export function withCommandName(text: string, name = commandName()): string {
  return name === 'wasm-sensors' ? text : text.replace(NAMED, () => `${name} `);
}
