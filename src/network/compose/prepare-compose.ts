/** What a compose network needs before its first container: an engine, images, files. */
import { buildImage, isStale } from '../../docker/build-image.js';
import { requireDocker } from '../../docker/docker-cli.js';
import { bacalhauImage, REGISTRY_IMAGE } from '../../docker/image-names.js';
import { hasImage, pullImage } from '../../docker/images.js';
import { refuseForeign, removeOrphans } from './compose-orphans.js';
import type { ComposePlan } from './compose-plan.js';
import { foreignData } from './compose-volumes.js';
import { type DockerInside, probeDockerInside } from './nested-docker.js';
import { writeNetworkFiles } from './network-folder.js';
import { claimProject } from './project-claim.js';

/**
 * Makes sure of Docker, and takes the network's name; what this folder left behind goes. Rejects with
 * `DOCKER_NOT_FOUND`, `DOCKER_NOT_RUNNING`, `COMPOSE_MISSING` …, and `PROJECT_IN_USE`.
 */
export async function takeProject({ project, context }: ComposePlan): Promise<void> {
  await requireDocker();
  const { removed, kept } = await removeOrphans(context.stateDir);
  for (const name of removed) context.emit({ type: 'network.note', text: `removed ${name}, which was left behind` });
  for (const text of kept) context.emit({ type: 'network.note', text: `could not remove ${text}` });
  await refuseForeign(project.name, context.stateDir);
  await claimProject(project.name, context.stateDir);
}

/**
 * Provides images and files; resolves with whether there is to be a web-services node. Rejects with `IMAGE_MISSING` …
 *
 * @param signal ends builds and pulls
 */
export async function prepare(
  plan: ComposePlan,
  progress: (step: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { project, context, settings } = plan;
  const data = await foreignData(project.name, context.stateDir);
  if (data !== undefined) context.emit({ type: 'network.note', text: data });
  const dockerInside = await provideImages(plan, progress, signal);
  await writeNetworkFiles(project.folder, {
    nodesPerRegion: context.nodesPerRegion,
    dockerInside,
    embeddedQueue: settings.queue === undefined,
    owner: context.stateDir,
    proxyArgs: settings.proxyArgs,
    pullerArgs: settings.pullerArgs,
    heading: [
      'Made by `wasm-sensors up` from templates/compose.yaml, and made anew by the next one.',
      `Look at it with: docker compose -f ${project.folder}/compose.yaml ps`,
    ],
  });
  return dockerInside !== 'none';
}

/** What to do about an image that can't be had. */
const OF_BACALHAU =
  'BACALHAU_VERSION names the version; see https://github.com/bacalhau-project/bacalhau/pkgs/container/bacalhau.';
const OF_PRODUCT = 'Build it with `wasm-sensors images build --tag …`, or unset WASM_SENSORS_IMAGE.';
const OF_REGISTRY = `Fetch it where this machine is online (docker pull ${REGISTRY_IMAGE}), or leave --registry out.`;

/** Makes sure that every image is here; says how the Docker inside `web-services` is to run. */
async function provideImages(
  { bacalhauVersion, image, imageNamed, context }: ComposePlan,
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
    if ((await hasImage(image)) && !(await isStale(image))) return;
    progress(`building ${image}`);
    await buildImage({ image, signal, onStep: (step) => progress(`building: ${step}`) });
  };
  const [{ mode, why }] = await Promise.all([
    provide(nodeWithDocker, OF_BACALHAU).then(() => probeDockerInside(nodeWithDocker)),
    provide(node, OF_BACALHAU),
    imageNamed ? provide(image, OF_PRODUCT) : build(),
    context.registry ? provide(REGISTRY_IMAGE, OF_REGISTRY) : undefined,
  ]);
  if (why !== undefined) context.emit({ type: 'network.note', text: `no node for service jobs: ${why}` });
  return mode;
}
