/** The proxy and the puller as service jobs of a compose network. */

import type { ServiceJob } from '../../jobs/job-request.js';
import { noServicesNode } from '../region-nodes.js';
import type { ComposeConnection } from './compose-connection.js';
import { SERVICES_NODE } from './compose-proxies.js';
import { serviceImage } from './service-image.js';

type Role = ServiceJob['role'];

/** Ports of the web-services node, as the compose file publishes them. */
const NODE_PORTS: Record<Role, number> = { proxy: 8080, puller: 8081 };
/** Of the web-services node: the volume of the puller's container. The fleet's history goes with the part. */
export const PULLER_DATA = '/srv/puller-data';

/**
 * The job, with the network's own image and queue when none is given. Rejects with `NO_SERVICES_NODE`, and as
 * `serviceImage` does.
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

/** Where it answers, on this machine. */
export function composeServiceUrl(role: Role, { proxyJobPort, pullerJobPort }: ComposeConnection): string {
  return `http://127.0.0.1:${role === 'proxy' ? proxyJobPort : pullerJobPort}`;
}
