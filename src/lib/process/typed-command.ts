/** How this program was started, as the words that the user types to start it again: `npx wasm-sensors`. */
import { readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { packageRoot } from './self-command.js';

const PROGRAM = 'wasm-sensors';

/** `script`: as Node was given it. `root`: the folder of the package. `folder`: the working folder. */
const thisStart = () => ({
  env: process.env,
  script: process.argv[1] ?? '',
  root: packageRoot,
  folder: process.cwd(),
});

/** The words before the name of a command, quoted for a shell. */
export function typedCommand({ env, script, root, folder } = thisStart()): string {
  // npm sets both variables, also for `npx`, and processes that are started from there inherit them. In a shell that
  // `npm exec` opened, the script is the shell and the plain name is on the PATH.
  if (env.npm_command === 'exec' && env.npm_lifecycle_script?.includes(PROGRAM)) return `npx ${packageFor(root)}`;
  if (basename(script) === PROGRAM) {
    // Only npm puts this folder on the PATH: for its scripts, not for the user's shell, except for one that it opened.
    const ofNpm = dirname(script).endsWith(join('node_modules', '.bin')) && env.npm_command !== 'exec';
    return ofNpm ? `npx ${PROGRAM}` : PROGRAM;
  }
  const path = join(root, 'bin', `${PROGRAM}.js`);
  const near = relative(folder, path);
  const short = near.length < path.length && !isAbsolute(near) ? near : path;
  return `node ${quoted(short)}`;
}

const quoted = (word: string) => (/^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** What `npx` was given: the name of the package or, where it is not in a project, also a file or a version. */
function packageFor(root: string): string {
  try {
    const { _npx }: { _npx?: { packages?: string[] } } = JSON.parse(
      readFileSync(join(root, '..', '..', 'package.json'), 'utf8'),
    );
    return quoted(_npx?.packages?.find((name) => name.includes(PROGRAM) || name.endsWith('.tgz')) ?? PROGRAM);
  } catch {
    return PROGRAM;
  }
}
