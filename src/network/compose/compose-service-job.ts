/** The proxy and the puller as service jobs of a compose network. */
import type { Resolved } from '../../config/resolve-settings.js';
import type { SettingKey } from '../../config/settings.js';
import { docker } from '../../docker/docker-cli.js';
import { pushImage, tagImage } from '../../docker/images.js';
import type { ServiceJob } from '../../jobs/job-request.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { noServicesNode } from '../edge-nodes.js';
import type { PlannedServiceJob, ServiceJobOptions } from '../provider.js';
import { type ComposeConnection, SERVICES_NODE } from './compose-network.js';

type Role = ServiceJob['role'];

/** Ports of the web-services node, as the compose file publishes them. */
const NODE_PORTS: Record<Role, number> = { proxy: 8080, puller: 8081 };
/** On the web-services node: the volume of the puller's container, so that the job keeps the fleet's history. */
export const PULLER_DATA = '/srv/puller-data';

/** See `NetworkProvider.serviceJob`; the image is first pushed to the network's registry. */
export async function planServiceJob(
  role: Role,
  connection: ComposeConnection,
  { settings, image, onProgress }: ServiceJobOptions,
): Promise<PlannedServiceJob> {
  refuseFixedSettings(role, settings);
  const queue = settings.provenance.queue.source === 'flag' ? settings.values.queue : undefined;
  onProgress('bringing the image to the registry');
  const job = await composeService(role, connection, { image, queue });
  const port = role === 'proxy' ? connection.proxyJobPort : connection.pullerJobPort;
  return { job, url: `http://127.0.0.1:${port}`, follows: true, proxyName: SERVICES_NODE };
}

const FIXED_BY_UP: SettingKey[] = ['queueEndpoint', 'awsRegion', 'open', 'follow'];

/** Throws `OPTION_NOT_OFFERED` for flags that a service job of this network would not follow. */
function refuseFixedSettings(role: Role, { provenance }: Resolved): void {
  const given = FIXED_BY_UP.filter((key) => provenance[key].source === 'flag').map((key) => provenance[key].name);
  if (given.length === 0) return;
  throw new AppError(
    'OPTION_NOT_OFFERED',
    `on the compose network \`deploy ${role}\` does not offer ${given.join(', ')}`,
    { hint: 'The job gets what `up` was given; the port is that of the network (PROXY_JOB_PORT, PULLER_JOB_PORT).' },
  );
}

/**
 * The job; the image and the queue default to the network's own. Rejects with `NO_SERVICES_NODE` and
 * `IMAGE_NOT_IN_REGISTRY`.
 */
export async function composeService(
  role: Role,
  connection: ComposeConnection,
  { image, queue = connection.queueForJobs }: { image: string | undefined; queue?: string | undefined },
): Promise<ServiceJob> {
  if (!connection.withServices) throw noServicesNode('Docker does not allow a Docker inside a container here');
  return {
    role,
    image: image ?? (await serviceImage(connection)),
    port: NODE_PORTS[role],
    queue,
    // Reached from this network and this machine's loopback only.
    open: true,
    args: connection.serviceArgs[role],
    allowedHosts: [SERVICES_NODE, `${connection.project.name}-${SERVICES_NODE}-1`, ...connection.allowedHosts],
    ...(role === 'puller' ? { dataDir: PULLER_DATA } : {}),
    submissionTime: Date.now(),
  };
}

/** The registry's name on the backbone network; on this machine it is localhost with the port of the connection. */
const INNER_REGISTRY = 'registry:5000';
const NAME = 'wasm-sensors';
const LOOK_UP_MS = 15_000;

/**
 * The name under which the node can pull the network's image. Pushes it to the network's own registry where there is one;
 * else the image's registry must have it. Rejects with `IMAGE_NOT_IN_REGISTRY`.
 */
export async function serviceImage({
  image,
  registryPort,
}: Pick<ComposeConnection, 'image' | 'registryPort'>): Promise<string> {
  if (registryPort === undefined) {
    // The local image does not show that: engines give registry digests to images that were built here, too.
    await docker(['manifest', 'inspect', image], { timeoutMs: LOOK_UP_MS }).catch((cause) => {
      throw notInRegistry(image, cause);
    });
    return image;
  }
  const id = await docker(['image', 'inspect', '--format', '{{.Id}}', image]);
  // Named by its content, so that the node never runs an older one of the same name.
  const tag = `${NAME}:${id.replace('sha256:', '').slice(0, 12)}`;
  const here = `localhost:${registryPort}/${tag}`;
  await tagImage(image, here);
  await pushImage(here, () => {});
  // Another `deploy` may just have done so.
  await docker(['image', 'rm', here]).catch((error) => {
    if (!/No such image/.test(`${messageOf(error)} ${error instanceof AppError ? error.details : ''}`)) throw error;
  });
  return `${INNER_REGISTRY}/${tag}`;
}

function notInRegistry(image: string, cause: unknown): AppError {
  return new AppError('IMAGE_NOT_IN_REGISTRY', `the registry does not have ${image}`, {
    cause,
    details: [messageOf(cause)],
    hint:
      'Bacalhau runs Docker images from registries only. Start the network with a registry of its own ' +
      '(`wasm-sensors up --network compose --registry`), or push the image (`wasm-sensors images push`) and name it ' +
      'with --image.',
  });
}
