/** Builds this program's image from this very program. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lib/process/self-command.js';
import { docker } from './docker-cli.js';

export interface BuildOptions {
  image: string;
  /** Further names for it. */
  alsoAs?: string[];
  /** Image that it is built upon; the Dockerfile's own by default. */
  base?: string;
  /** Ends the build. */
  signal?: AbortSignal;
  /** What is being done, a line at a time. */
  onStep(step: string): void;
}

/** Resolves with the image's id and size in bytes. Rejects as `docker` does. */
export async function buildImage(options: BuildOptions): Promise<{ id: string; bytes: number }> {
  const names = [options.image, ...(options.alsoAs ?? [])];
  await docker(
    [
      'build',
      ...['--file', join(packageRoot, 'templates', 'Dockerfile')],
      ...names.flatMap((name) => ['--tag', name]),
      ...['--label', `${BUILD_LABEL}=${buildOf(packageRoot)}`],
      ...(options.base === undefined ? [] : ['--build-arg', `BASE=${options.base}`]),
      packageRoot,
    ],
    {
      ...(options.signal ? { signal: options.signal } : {}),
      onLine: (line) => stepOf(line) && options.onStep(stepOf(line)!),
      env: { BUILDKIT_PROGRESS: 'plain' },
    },
  );
  const found = await docker(['image', 'inspect', '--format', '{{.Id}} {{.Size}}', options.image]);
  const [id = '', size = '0'] = found.split(' ');
  return { id, bytes: Number(size) };
}

/** Tells from which build of the program an image was made. */
const BUILD_LABEL = 'wasm-sensors.build';

/**
 * Whether an image was made from another build than the one that runs now. Only in a checkout, where programs change
 * without their version: an installed one is what its version says.
 */
export async function isStale(image: string): Promise<boolean> {
  if (!existsSync(join(packageRoot, 'src'))) return false;
  const format = `{{index .Config.Labels "${BUILD_LABEL}"}}`;
  return (await docker(['image', 'inspect', '--format', format, image])) !== buildOf(packageRoot);
}

/** A hash of everything that the image takes from here. */
function buildOf(root: string): string {
  const hash = createHash('sha256');
  for (const folder of ['bin', 'dist', 'templates']) {
    const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
    for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort()) {
      hash.update(path.slice(root.length)).update('\0').update(readFileSync(path));
    }
  }
  for (const name of ['package.json', 'npm-shrinkwrap.json']) hash.update(readFileSync(join(root, name)));
  return hash.digest('hex').slice(0, 16);
}

/** Characters of a step that are shown; some go over several lines. */
const STEP_WIDTH = 70;

/** The instruction that a line of either builder announces. */
function stepOf(line: string): string | undefined {
  const step = /^#\d+ \[([^\]]+\] .*)/.exec(line)?.[1]?.replace(']', '') ?? /^Step (\d+\/\d+ : .*)/.exec(line)?.[1];
  return step?.slice(0, STEP_WIDTH);
}
