/**
 * Hints name a command that works in the user's shell. In the code they have `wasm-sensors …`; {@link Output} and the
 * help texts pass them through here.
 */

/**
 * npm sets both variables, also for `npx`, and processes that are started from there inherit them. In a shell that
 * `npm exec` opened, the script is the shell and the plain name is on the PATH.
 */
export function startedThroughNpx({ npm_command, npm_lifecycle_script = '' }: NodeJS.ProcessEnv): boolean {
  return npm_command === 'exec' && npm_lifecycle_script.includes('wasm-sensors');
}

/** The text with the commands that it names as this user has to type them. */
export function withCommandName(text: string, env: NodeJS.ProcessEnv = process.env): string {
  return startedThroughNpx(env) ? text.replace(/(^ *|`|&& )wasm-sensors (?=[a-z-])/gm, '$1npx wasm-sensors ') : text;
}
