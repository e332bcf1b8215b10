/** Builds the image of this program from its own installation. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lib/process/self-command.js';
import { docker } from './docker-cli.js';

export interface BuildOptions {
  image: string;
  /** Further names of the image. */
  alsoAs?: string[];
  /** Base image; that of the Dockerfile by default. */
  base?: string | undefined;
  /** Stops the build. */
  signal?: AbortSignal | undefined;
  /** Called with each step of the build. */
  onStep(step: string): void;
}

/** Resolves with the image's id and size in bytes. Rejects as `docker` does. */
export async function buildImage(options: BuildOptions): Promise<{ id: string; bytes: number }> {
  const names = [options.image, ...(options.alsoAs ?? [])];
  await docker(
    [
      'build',
      '--file',
      join(packageRoot, 'templates', 'Dockerfile'),
      ...names.flatMap((name) => ['--tag', name]),
      '--label',
      `${BUILD_LABEL}=${buildOf(packageRoot)}`,
      ...(options.base === undefined ? [] : ['--build-arg', `BASE=${options.base}`]),
      // The builder without BuildKit would keep the container of a step that fails.
      '--force-rm',
      packageRoot,
    ],
    {
      ...(options.signal ? { signal: options.signal } : {}),
      onLine(line) {
        const step = stepOf(line);
        if (step !== undefined) options.onStep(step);
      },
      env: { BUILDKIT_PROGRESS: 'plain' },
    },
  );
  const found = await docker(['image', 'inspect', '--format', '{{.Id}} {{.Size}}', options.image]);
  const [id = '', size = '0'] = found.split(' ');
  return { id, bytes: Number(size) };
}

/** Label with the build of the program in the image. */
const BUILD_LABEL = 'wasm-sensors.build';

/**
 * Whether an image has another build than the one that runs now. Always false outside a checkout: only there can two
 * builds have the same version.
 */
export async function isStale(image: string): Promise<boolean> {
  if (!existsSync(join(packageRoot, 'src'))) return false;
  const format = `{{index .Config.Labels "${BUILD_LABEL}"}}`;
  return (await docker(['image', 'inspect', '--format', format, image])) !== buildOf(packageRoot);
}

/** A hash of all files that go into the image. */
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

/** The step that a line of BuildKit or of the old builder announces. */
function stepOf(line: string): string | undefined {
  const step = /^#\d+ \[([^\]]+\] .*)/.exec(line)?.[1]?.replace(']', '') ?? /^Step (\d+\/\d+ : .*)/.exec(line)?.[1];
  // Some fill several lines.
  return step?.slice(0, 70);
}
