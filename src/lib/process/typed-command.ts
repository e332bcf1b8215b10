/** How this program was started, as the words that the user types to start it again: `npx wasm-sensors`. */
import { readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { packageRoot } from './self-command.js';

const PROGRAM = 'wasm-sensors';

export interface Start {
  env: NodeJS.ProcessEnv;
  /** The script as Node was given it (`process.argv[1]`). */
  script: string;
  /** The folder of the package. */
  root: string;
  /** The working folder. */
  folder: string;
}

const thisStart = (): Start => {
  return { env: process.env, script: process.argv[1] ?? '', root: packageRoot, folder: process.cwd() };
};

/** The words before the name of a command, quoted for a shell. */
export function typedCommand({ env, script, root, folder }: Start = thisStart()): string {
  const fetched = fetchedByNpx(root, folder);
  if (fetched !== undefined) return `npx ${fetched}`;
  if (startedByNpm(env)) return `npx ${PROGRAM}`;
  if (basename(script) === PROGRAM) {
    // Only npm puts this folder on the PATH: for its scripts, not for the user's shell, except for one that it opened.
    const ofNpm = dirname(script).endsWith(join('node_modules', '.bin')) && env.npm_command !== 'exec';
    return ofNpm ? `npx ${PROGRAM}` : PROGRAM;
  }
  return `node ${shortPath(join(root, 'bin', `${PROGRAM}.js`), folder)}`;
}

/**
 * npm sets both variables, also for `npx`, and processes that are started from there inherit them. In a shell that
 * `npm exec` opened, the script is the shell and the plain name is on the PATH.
 */
function startedByNpm({ npm_command, npm_lifecycle_script = '' }: NodeJS.ProcessEnv): boolean {
  return npm_command === 'exec' && npm_lifecycle_script.includes(PROGRAM);
}

/** What npx was asked to fetch, such as `wasm-sensors@1.2.0` or a tarball; undefined where it fetched nothing. */
function fetchedByNpx(root: string, folder: string): string | undefined {
  const cache = /^(.*[\\/]_npx[\\/][^\\/]+)[\\/]node_modules[\\/]/.exec(root)?.[1];
  if (cache === undefined) return undefined;
  try {
    const { dependencies = {}, _npx } = JSON.parse(readFileSync(join(cache, 'package.json'), 'utf8')) as CachePackage;
    const wanted = dependencies[PROGRAM] ?? '';
    // The path as it was typed is relative to the folder of that time.
    if (wanted.startsWith('file:')) return shortPath(resolve(cache, wanted.slice('file:'.length)), folder, '.');
    return _npx?.packages?.length === 1 ? quoted(_npx.packages[0]!) : PROGRAM;
  } catch {
    return PROGRAM;
  }
}

interface CachePackage {
  dependencies?: Record<string, string>;
  _npx?: { packages?: string[] };
}

/** `dot`: put before a path that does not begin with one, where a bare name would mean something else. */
function shortPath(path: string, folder: string, dot = ''): string {
  const near = relative(folder, path);
  const short = near.length < path.length && !isAbsolute(near) ? near : path;
  return quoted(dot !== '' && !/^[./\\]/.test(short) && !isAbsolute(short) ? `${dot}${sep}${short}` : short);
}

const quoted = (word: string) => (/^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
