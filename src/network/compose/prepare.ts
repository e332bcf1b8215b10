/** What a compose network needs before its first container: an engine, images, files. */
import { buildImage, isStale } from '../images/build.js';
import { requireDocker } from '../images/docker.js';
import { hasImage, pullImage } from '../images/images.js';
import { bacalhauImage } from '../images/names.js';
import { chooseBackbone } from './backbone.js';
import { probeDockerInside } from './docker-inside.js';
import type { ComposeOptions } from './document.js';
import { writeNetworkFiles } from './files.js';
import { refuseForeign, removeLeftovers } from './leftovers.js';
import { type ComposePlan, writeVariables } from './settled.js';

export interface Prepared {
  /** First three numbers of its addresses. */
  backbone: string;
  /** Whether there is a web-services node. */
  withServices: boolean;
}

/**
 * Rejects with `DOCKER_NOT_FOUND`, `DOCKER_NOT_RUNNING`, `COMPOSE_MISSING`, `PROJECT_IN_USE`, `IMAGE_MISSING` …
 *
 * @param signal ends builds and pulls
 */
export async function prepare(
  plan: ComposePlan,
  progress: (step: string) => void,
  signal: AbortSignal,
): Promise<Prepared> {
  const { project, context, settings } = plan;
  await requireDocker();
  await refuseForeign(project.name, context.stateDir);
  for (const name of await removeLeftovers(context.stateDir)) {
    context.emit({ type: 'network.note', text: `removed ${name}, which was left behind` });
  }
  const dockerInside = await provideImages(plan, progress, signal);
  const backbone = plan.backbone ?? (await chooseBackbone(`${project.name}_backbone`));
  await writeNetworkFiles(project.folder, {
    nodesPerRegion: context.nodesPerRegion,
    ...dockerInside,
    embeddedQueue: settings.queue === undefined,
    owner: context.stateDir,
    proxyArgs: settings.proxyArgs,
    pullerArgs: settings.pullerArgs,
    heading: [
      'Made by `wasm-sensors up` from templates/compose.yaml, and made anew by the next one.',
      `Look at it with: docker compose -f ${project.folder}/compose.yaml ps`,
    ],
  });
  writeVariables(plan, backbone);
  return { backbone, withServices: dockerInside.dockerInside !== 'none' };
}

/** Makes sure that every image is here; says how the Docker inside `web-services` is to run. */
async function provideImages(
  { bacalhauVersion, image, imageNamed }: ComposePlan,
  progress: (step: string) => void,
  signal: AbortSignal,
): Promise<Pick<ComposeOptions, 'dockerInside' | 'cgroupVersion'>> {
  const node = bacalhauImage(bacalhauVersion);
  const nodeWithDocker = bacalhauImage(bacalhauVersion, true);
  const hint =
    'BACALHAU_VERSION names the version; see https://github.com/bacalhau-project/bacalhau/pkgs/container/bacalhau.';
  const provide = async (name: string, otherwise: () => Promise<unknown>) => {
    if (!(await hasImage(name))) await otherwise();
  };
  const pull = (name: string, why: string) => {
    progress(`pulling ${name}`);
    return pullImage(name, why, signal);
  };
  const product = () => {
    if (imageNamed)
      return pull(image, 'Build it with `wasm-sensors images build --tag …`, or unset WASM_SENSORS_IMAGE.');
    progress(`building ${image}`);
    return buildImage({ image, signal, onStep: (step) => progress(`building: ${step}`) });
  };
  const [inside] = await Promise.all([
    provide(nodeWithDocker, () => pull(nodeWithDocker, hint)).then(() => probeDockerInside(nodeWithDocker)),
    provide(node, () => pull(node, hint)),
    hasImage(image).then(async (here) => (here && (imageNamed || !(await isStale(image))) ? undefined : product())),
  ]);
  return inside;
}
