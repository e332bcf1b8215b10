/** Images: their names, and those on this machine and in registries. */
import { join } from 'node:path';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { packageRoot, packageVersion } from '../lib/process/self-command.js';
import { docker } from './docker-cli.js';

export const hasImage = async (image: string): Promise<boolean> => (await imageMadeAt(image)) !== undefined;

/** When the image was built (ISO 8601, UTC); undefined when the engine does not have it. */
export function imageMadeAt(image: string): Promise<string | undefined> {
  return docker(['image', 'inspect', '--format', '{{.Created}}', image]).catch(() => undefined);
}

/** Pulls an image. Rejects with `IMAGE_MISSING` and the reason. */
export async function pullImage(image: string, hint: string, signal?: AbortSignal): Promise<void> {
  try {
    await docker(['pull', '--quiet', image], signal ? { signal } : {});
  } catch (error) {
    if (error instanceof AppError && ['DOCKER_NOT_RUNNING', 'DOCKER_NOT_FOUND', 'DISK_FULL'].includes(error.code)) {
      throw error;
    }
    throw new AppError('IMAGE_MISSING', `the image ${image} is not on this machine and can't be pulled`, {
      hint,
      cause: error,
      details: error instanceof AppError && error.details.length > 0 ? error.details : [messageOf(error)],
    });
  }
}

/**
 * Pushes an image; resolves with its digest. Rejects with `NOT_LOGGED_IN`, `PUSH_DENIED`, `REGISTRY_UNREACHABLE` …
 *
 * @param onLayers called with the number of pushed layers, of those known so far
 */
export async function pushImage(image: string, onLayers: (done: number, total: number) => void): Promise<string> {
  let digest = '';
  const layers = new Map<string, boolean>();
  await docker(['push', image], {
    onLine: (line) => {
      digest = /digest: (sha256:[0-9a-f]{64})/.exec(line)?.[1] ?? digest;
      const [, layer, state = ''] = /^([0-9a-f]{12}): (.*)/.exec(line) ?? [];
      if (layer === undefined) return;
      const before = layers.get(layer);
      layers.set(layer, before || /^(Pushed|Mounted|Layer already exists)/.test(state));
      if (before !== layers.get(layer)) onLayers([...layers.values()].filter(Boolean).length, layers.size);
    },
  });
  return digest;
}

/** Where the images of this program are published. */
const DEFAULT_REGISTRY = 'ghcr.io';
const REPOSITORY = 'bacalhau-project/wasm-sensors';

/** The image of a registry, as in the compose file. */
export const REGISTRY_IMAGE = 'registry:2';

/** The image of this program, of its own version by default. */
export function productImage(tag = packageVersion(), registry = DEFAULT_REGISTRY): string {
  return `${registry.replace(/\/+$/, '')}/${REPOSITORY}:${tag}`;
}

/** The image of a Bacalhau node; `version` is `1.9.3`, `v1.9.3` or `latest`. */
export function bacalhauImage(version: string, withDocker = false): string {
  return `ghcr.io/bacalhau-project/bacalhau:${bacalhauTag(version)}${withDocker ? '-dind' : ''}`;
}

/** The tag of a version: those of releases begin with `v`. */
export const bacalhauTag = (version: string): string => (/^\d/.test(version) ? `v${version}` : version);

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
