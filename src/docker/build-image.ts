/** Builds the image of this program from its own installation. */
import { join } from 'node:path';
import { packageRoot } from '../lib/process/self-command.js';
import { docker } from './docker-cli.js';

export interface BuildOptions {
  image: string;
  alsoAs?: string[];
  /** Base image; that of the Dockerfile by default. */
  base?: string | undefined;
  signal?: AbortSignal | undefined;
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

/** The step that a line of BuildKit or of the old builder announces. */
function stepOf(line: string): string | undefined {
  const step = /^#\d+ \[([^\]]+\] .*)/.exec(line)?.[1]?.replace(']', '') ?? /^Step (\d+\/\d+ : .*)/.exec(line)?.[1];
  // Some fill several lines.
  return step?.slice(0, 70);
}
