/** What a compose network needs before its first container: an engine, images, files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { requireCompose, requireEngine } from '../../docker/docker-cli.js';
import { bacalhauImage, buildImage, hasImage, pullImage, REGISTRY_IMAGE } from '../../docker/images.js';
import { removeOwned } from '../../docker/owned-objects.js';
import { packageRoot } from '../../lib/process/self-command.js';
import type { ComposePlan } from './compose-provider.js';
import { writeNetworkFiles } from './document/network-folder.js';
import { requireOwnProject } from './engine/compose-project.js';
import { type DockerInside, probeDockerInside } from './engine/nested-docker.js';

/**
 * Checks Docker, and removes what an earlier `up` of this folder left. Rejects with `DOCKER_NOT_FOUND`,
 * `DOCKER_NOT_RUNNING`, `COMPOSE_MISSING` …, and with `PROJECT_IN_USE` when the project's containers belong to others.
 */
export async function takeProject({ project, context }: ComposePlan): Promise<void> {
  await requireEngine();
  await requireCompose();
  const { removed, kept } = await removeOwned(context.stateDir);
  for (const name of removed) context.emit({ type: 'orphan.removed', name });
  for (const name of kept) context.emit({ type: 'orphan.kept', name });
  await requireOwnProject(project.name, context.stateDir);
}

/**
 * Provides images and files; resolves with whether the network gets a web-services node. Rejects with `IMAGE_MISSING` …
 *
 * @param signal stops builds and pulls
 */
export async function prepare(
  plan: ComposePlan,
  progress: (step: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { project, context, settings, args } = plan;
  const dockerInside = await provideImages(plan, progress, signal);
  await writeNetworkFiles(project.folder, {
    nodesPerRegion: context.nodesPerRegion,
    dockerInside,
    embeddedQueue: settings.queue === undefined,
    relays: context.relays,
    postgres: settings.store === 'postgres',
    owner: context.stateDir,
    args,
    heading: [
      'Made by `wasm-sensors up` from templates/compose.yaml, and made anew by the next one.',
      `Look at it with: docker compose -f ${project.folder}/compose.yaml ps`,
    ],
  });
  return dockerInside !== 'none';
}

/** What to do about an image that can't be pulled. */
const OF_BACALHAU =
  'BACALHAU_VERSION names the version; see https://github.com/bacalhau-project/bacalhau/pkgs/container/bacalhau.';
const OF_PRODUCT = 'Build it with `wasm-sensors images build --tag …`, or unset WASM_SENSORS_IMAGE.';
const OF_POSTGRES = 'POSTGRES_IMAGE names another image of PostgreSQL 13 or newer.';
const OF_REGISTRY = `Fetch it where this machine is online (docker pull ${REGISTRY_IMAGE}), or omit --registry.`;

/** Pulls or builds images that are missing; resolves with how the Docker inside `web-services` can run. */
async function provideImages(
  { bacalhauVersion, image, imageNamed, postgresImage, context }: ComposePlan,
  progress: (step: string) => void,
  signal: AbortSignal,
): Promise<DockerInside> {
  const node = bacalhauImage(bacalhauVersion);
  const nodeWithDocker = bacalhauImage(bacalhauVersion, true);
  const provide = async (name: string, hint: string) => {
    if (await hasImage(name)) return;
    progress(`pulling ${name}`);
    await pullImage(name, hint, signal);
  };
  const build = async () => {
    // In a checkout the program changes without its version; Docker's cache knows whether it did.
    if (!existsSync(join(packageRoot, 'src')) && (await hasImage(image))) return;
    progress(`building ${image}`);
    await buildImage({ image, signal, onStep: (step) => progress(`building: ${step}`) });
  };
  const [{ mode, why }] = await Promise.all([
    provide(nodeWithDocker, OF_BACALHAU).then(() => probeDockerInside(nodeWithDocker)),
    provide(node, OF_BACALHAU),
    imageNamed ? provide(image, OF_PRODUCT) : build(),
    context.registry ? provide(REGISTRY_IMAGE, OF_REGISTRY) : undefined,
    postgresImage === undefined ? undefined : provide(postgresImage, OF_POSTGRES),
  ]);
  if (why !== undefined) context.emit({ type: 'services-node.missing', reason: why });
  return mode;
}
