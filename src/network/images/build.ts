/** Builds this program's image from this very program. */
import { join } from 'node:path';
import { packageRoot } from '../../lib/self.js';
import { docker } from './docker.js';

export interface BuildOptions {
  image: string;
  /** Further names for it. */
  alsoAs?: string[];
  /** Image that it is built upon; the Dockerfile's own by default. */
  base?: string;
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
      ...(options.base === undefined ? [] : ['--build-arg', `BASE=${options.base}`]),
      packageRoot,
    ],
    { onLine: (line) => stepOf(line) && options.onStep(stepOf(line)!), env: { BUILDKIT_PROGRESS: 'plain' } },
  );
  const found = await docker(['image', 'inspect', '--format', '{{.Id}} {{.Size}}', options.image]);
  const [id = '', size = '0'] = found.split(' ');
  return { id, bytes: Number(size) };
}

/** The instruction that a line of either builder announces. */
function stepOf(line: string): string | undefined {
  return /^#\d+ \[([^\]]+\] .*)/.exec(line)?.[1]?.replace(']', '') ?? /^Step (\d+\/\d+ : .*)/.exec(line)?.[1];
}
