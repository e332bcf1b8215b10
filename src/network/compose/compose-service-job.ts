/** The proxy and the puller as service jobs of a compose network. */
import { docker } from '../../docker/docker-cli.js';
import { pushImage } from '../../docker/images.js';
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

/** See `NetworkProvider.serviceJob`. Rejects with `NO_SERVICES_NODE` and `IMAGE_NOT_IN_REGISTRY`. */
export async function planServiceJob(
  role: Role,
  connection: ComposeConnection,
  { image, queue = connection.queueForJobs }: ServiceJobOptions,
): Promise<PlannedServiceJob> {
  if (!connection.withServices) throw noServicesNode('Docker does not allow a Docker inside a container here');
  const job: ServiceJob = {
    role,
    image: image ?? (await serviceImage(connection)),
    port: NODE_PORTS[role],
    queue,
    // Reached from this network and this machine's loopback only, so it needs no token.
    args: ['--open', ...connection.serviceArgs[role]],
    allowedHosts: [SERVICES_NODE, `${connection.project.name}-${SERVICES_NODE}-1`, ...connection.allowedHosts],
    ...(role === 'puller' ? { dataDir: PULLER_DATA } : {}),
    submissionTime: Date.now(),
  };
  const port = role === 'proxy' ? connection.proxyJobPort : connection.pullerJobPort;
  return { job, url: `http://127.0.0.1:${port}`, proxyName: SERVICES_NODE };
}

/** The registry's name on the backbone network; on this machine it is localhost with the port of the connection. */
const INNER_REGISTRY = 'registry:5000';

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
    await docker(['manifest', 'inspect', image], { timeoutMs: 15_000 }).catch((cause) => {
      throw new AppError('IMAGE_NOT_IN_REGISTRY', `the registry does not have ${image}`, {
        cause,
        details: [messageOf(cause)],
        hint:
          'Bacalhau runs Docker images from registries only. Start the network with a registry of its own ' +
          '(`wasm-sensors up --network compose --registry`), or push the image (`wasm-sensors images push`) and name it ' +
          'with --image.',
      });
    });
    return image;
  }
  const id = await docker(['image', 'inspect', '--format', '{{.Id}}', image]);
  // Named by its content, so that the node never runs an older one of the same name.
  const tag = `wasm-sensors:${id.replace('sha256:', '').slice(0, 12)}`;
  const here = `localhost:${registryPort}/${tag}`;
  await docker(['tag', image, here]);
  await pushImage(here, () => {});
  // Another `deploy` may just have done so.
  await docker(['image', 'rm', here]).catch((error) => {
    if (!/No such image/.test(`${messageOf(error)} ${error instanceof AppError ? error.details : ''}`)) throw error;
  });
  return `${INNER_REGISTRY}/${tag}`;
}
