/**
 * Starts and ends a compose network. The nodes when the orchestrator takes connections: before that a node waits
 * 20 s for its next try. Compose could wait for its health itself, but that is looked at every 5 s only.
 */
import { AppError, messageOf } from '../../core/errors.js';
import { buildImage, isStale } from '../images/build.js';
import { requireDocker } from '../images/docker.js';
import { hasImage, pullImage } from '../images/images.js';
import { bacalhauImage } from '../images/names.js';
import { Healing } from '../native/healing.js';
import { Roster } from '../native/roster.js';
import { REGIONS } from '../network.js';
import type { NetworkRunner } from '../runner.js';
import { chooseBackbone } from './backbone.js';
import { createComposeClient } from './client.js';
import { probeDockerInside } from './docker-inside.js';
import type { ComposeOptions } from './document.js';
import type { ComposeFacts } from './facts.js';
import { writeNetworkFiles } from './files.js';
import { refuseForeign, removeLeftovers } from './leftovers.js';
import { ComposeLinks } from './links.js';
import { createComposeNetwork } from './network.js';
import { newSensors } from './new-sensors.js';
import { type ComposePlan, queueForJobs, writeVariables } from './plan.js';
import { compose } from './project.js';
import { answersOk } from './ready.js';
import { untilOneFails, watchContainers } from './watch.js';

const READY_MS = 60_000;
/** What each node more adds to the time that all may take. */
const READY_MS_PER_NODE = 500;

export function createComposeRunner(plan: ComposePlan): NetworkRunner {
  const { project, context, settings, ports } = plan;
  const { emit, nodesPerRegion } = context;
  const ending = new AbortController();
  const client = createComposeClient(project, ports.API_PORT);
  const healing = new Healing({ client, stateDir: project.folder, emit });
  const links = new ComposeLinks(project);
  const edges = Array.from({ length: nodesPerRegion }, (_, index) =>
    REGIONS.map((region) => `edge-${region}-${index + 1}`),
  ).flat();
  const edgesOf = (region: string) => edges.filter((name) => name.startsWith(`edge-${region}-`));
  const progress = (step: string, done = 0, total = 1) => emit({ type: 'network.progress', step, done, total });
  let watching: Promise<void> | undefined;
  let touched = false;

  const prepare = async (): Promise<{ backbone: string; withServices: boolean }> => {
    await requireDocker();
    await refuseForeign(project.name, context.stateDir);
    for (const name of await removeLeftovers(context.stateDir))
      emit({ type: 'network.note', text: `removed ${name}, which was left behind` });
    const dockerInside = await provideImages(plan, progress);
    const backbone = plan.backbone ?? (await chooseBackbone(`${project.name}_backbone`));
    await writeNetworkFiles(project.folder, {
      nodesPerRegion,
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
  };

  const bringUp = async (signal: AbortSignal, withServices: boolean): Promise<void> => {
    // Services that are named together still wait for each other's health, hence three calls.
    const up = (services: string[]) =>
      compose(project, ['--profile', '*', 'up', '--detach', '--no-deps', ...services], plan.secrets);
    const extra = [...(settings.queue === undefined ? ['queue'] : []), ...(settings.registry ? ['registry'] : [])];
    progress('starting the orchestrator and the centre');
    await up(['orchestrator', 'client', ...extra]);
    const centre = up(['sqs-proxy', 'sqs-puller']);
    centre.catch(() => {});
    const api = `http://127.0.0.1:${ports.API_PORT}`;
    await answersOk(`${api}/api/v1/agent/alive`, signal);
    const since = Date.now();
    let done = 0;
    progress('nodes connected', done, edges.length);
    await up([...edges, ...(withServices ? ['web-services'] : [])]);
    await centre;
    const roster = new Roster(api, ports.NATS_PORT);
    await Promise.all([
      answersOk(`http://127.0.0.1:${ports.PROXY_PORT}/ready`, signal),
      answersOk(`http://127.0.0.1:${ports.PULLER_PORT}/ready`, signal),
      ...edges.map(async (name) => {
        await roster.connected(name, since, signal);
        progress('nodes connected', ++done, edges.length);
      }),
    ]);
  };

  const start: NetworkRunner['start'] = async () => {
    const { backbone, withServices } = await prepare();
    touched = true;
    const attempt = new AbortController();
    const timeoutMs = READY_MS + READY_MS_PER_NODE * edges.length;
    const signal = AbortSignal.any([attempt.signal, ending.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      await Promise.race([bringUp(signal, withServices), untilOneFails(project, signal)]);
    } catch (error) {
      if ((error as Error).name !== 'TimeoutError') throw error;
      throw new AppError('NETWORK_NOT_READY', 'system', `the network was not ready after ${timeoutMs / 1000} s`, {
        hint: `See how its containers are: docker compose -p ${project.name} ps`,
      });
    } finally {
      attempt.abort();
    }
    watching = watchContainers({
      project,
      emit,
      signal: ending.signal,
      onRestart: (service) => {
        const region = /^edge-(.+)-\d+$/.exec(service)?.[1];
        if (region) void revive(service, region);
      },
    });
    const facts = factsOf(plan, backbone);
    return { network: createComposeNetwork(facts, link), facts };
  };

  const revive = async (node: string, region: string) => {
    try {
      const jobs = await newSensors(client, { node, region, stateDir: project.folder, signal: ending.signal });
      for (const job of jobs)
        emit({ type: 'network.note', text: `${job}: new sensors, for ${node} was started again` });
    } catch (error) {
      if (!ending.signal.aborted) emit({ type: 'network.note', text: `${node}: no new sensors: ${messageOf(error)}` });
    }
    if (!ending.signal.aborted) healing.begin(region, edgesOf(region));
  };

  const link = async (region: string, connected: boolean) => {
    await links.set(region, connected);
    if (connected) healing.begin(region, edgesOf(region));
    else healing.end(region);
  };

  return {
    start,
    setRegionLink: link,
    stop: async () => {
      ending.abort();
      healing.end();
      await watching;
      if (touched) await compose(project, ['--profile', '*', 'down', '--remove-orphans'], plan.secrets);
    },
  };
}

/** Makes sure that every image is here; says how the Docker inside `web-services` is to run. */
async function provideImages(
  { bacalhauVersion, image, imageNamed }: ComposePlan,
  progress: (step: string) => void,
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
    return pullImage(name, why);
  };
  const product = () => {
    if (imageNamed)
      return pull(image, 'Build it with `wasm-sensors images build --tag …`, or unset WASM_SENSORS_IMAGE.');
    progress(`building ${image}`);
    return buildImage({ image, onStep: (step) => progress(`building: ${step}`) });
  };
  const [inside] = await Promise.all([
    provide(nodeWithDocker, () => pull(nodeWithDocker, hint)).then(() => probeDockerInside(nodeWithDocker)),
    provide(node, () => pull(node, hint)),
    hasImage(image).then(async (here) => (here && (imageNamed || !(await isStale(image))) ? undefined : product())),
  ]);
  return inside;
}

function factsOf(plan: ComposePlan, backbone: string): ComposeFacts {
  const { project, ports, settings, secrets, context } = plan;
  const forServices = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION'];
  const tokens = ['WASM_SENSORS_TOKEN', ...Object.keys(context.sensorEnv)];
  return {
    project,
    apiPort: ports.API_PORT,
    pullerPort: ports.PULLER_PORT,
    proxyJobPort: ports.PROXY_JOB_PORT,
    pullerJobPort: ports.PULLER_JOB_PORT,
    ...(settings.registry ? { registryPort: ports.REGISTRY_PORT } : {}),
    image: plan.image,
    queueForJobs: queueForJobs(plan, backbone),
    forwarded: {
      edge: ['HOSTNAME', 'REGION', ...Object.keys(context.sensorEnv)],
      services: [...forServices.filter((name) => secrets[name]), ...tokens],
    },
  };
}
