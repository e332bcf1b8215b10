/** Where this program is installed, its version, and how to start it again as a child. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the package, seen from `src/lib/process` and `dist/lib/process` alike. */
export const packageRoot = fileURLToPath(new URL('../../../', import.meta.url));

export function packageVersion(): string {
  return (JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;
}

/** The command line that starts this program with other arguments. */
export function selfCommand(args: string[], nodeArgs: readonly string[] = []): { command: string; args: string[] } {
  return { command: process.execPath, args: [...nodeArgs, `${packageRoot}bin/wasm-sensors.js`, ...args] };
}
