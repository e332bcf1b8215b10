/** Where this program is installed, its version, and how to start it again as a child. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the package, with a slash at its end: the build puts this file elsewhere than `src/` has it. */
export const packageRoot = folderAbove(new URL('.', import.meta.url));

function folderAbove(folder: URL): string {
  return existsSync(new URL('package.json', folder)) ? fileURLToPath(folder) : folderAbove(new URL('..', folder));
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(`${packageRoot}package.json`, 'utf8')) as { version: string }).version;
}

/** The command line that starts this program with other arguments. */
export function selfCommand(args: string[], nodeArgs: readonly string[] = []): { command: string; args: string[] } {
  return { command: process.execPath, args: [...nodeArgs, `${packageRoot}bin/wasm-sensors.js`, ...args] };
}
