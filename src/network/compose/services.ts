/** The proxy and the puller as service jobs of a compose network, in place of their containers and back. */

import { waitFor } from '../../lib/backoff.js';
import type { EndpointChange } from '../control.js';
import { docker } from '../images/docker.js';
import type { Network, ServiceJob } from '../network.js';
import { answersOk, answersOnce } from '../ready.js';
import { deployService, type ServiceResult } from '../service-job.js';
import type { ComposeFacts } from './facts.js';
import { serviceImage } from './service-image.js';

export interface ComposeServiceOptions {
  facts: ComposeFacts;
  network: Network;
  /** Left out: the network's own image. */
  image?: string;
  timeoutMs: number;
  onProgress(step: string): void;
  /** Tells `up` where services are now. */
  setEndpoints(change: EndpointChange): Promise<void>;
}

type Role = ServiceJob['role'];

/** Ports of the web-services node, as the job documents have them. */
const NODE_PORTS: Record<Role, number> = { proxy: 8080, puller: 8081 };
/** Of the web-services node: the volume of the puller's container. The fleet's history goes with the part. */
const PULLER_DATA = '/srv/puller-data';
const READY_MS = 30_000;

const pullerContainer = ({ project }: ComposeFacts) => `${project.name}-sqs-puller-1`;

/**
 * Runs it as a service job. The proxy is one more beside the container's; the puller takes the container's place, for
 * a queue has one consumer. Rejects as `deployService` and `serviceImage` do; the container is then back.
 */
export async function deployComposeService(role: Role, options: ComposeServiceOptions): Promise<ServiceResult> {
  const { facts, network, onProgress } = options;
  const port = role === 'proxy' ? facts.proxyJobPort : facts.pullerJobPort;
  onProgress('bringing the image to the registry');
  const request: ServiceJob = {
    role,
    image: options.image ?? (await serviceImage(facts)),
    port: NODE_PORTS[role],
    queue: facts.queueForJobs,
    ...(role === 'puller' ? { dataDir: PULLER_DATA } : {}),
    submissionTime: Date.now(),
  };
  const url = `http://127.0.0.1:${port}`;
  if (role === 'puller') await docker(['stop', pullerContainer(facts)]);
  try {
    const result = await deployService(network, request, { url, timeoutMs: options.timeoutMs, onProgress });
    await options.setEndpoints(role === 'proxy' ? { jobProxy: url } : { puller: url });
    return result;
  } catch (error) {
    if (role === 'puller') await stopComposeService('puller', options);
    throw error;
  }
}

/** Ends the service job; the puller's container takes over again. False when there was no such job. */
export async function stopComposeService(
  role: Role,
  options: Pick<ComposeServiceOptions, 'facts' | 'network' | 'setEndpoints'>,
): Promise<boolean> {
  const { facts, network } = options;
  const stopped = await network.stop(role);
  if (role === 'proxy') {
    await options.setEndpoints({ jobProxy: null });
    return stopped;
  }
  // Two at the same time would share the history's file.
  const gone = async () => ((await answersOnce(`http://127.0.0.1:${facts.pullerJobPort}/health`)) ? undefined : true);
  await waitFor(gone, { timeoutMs: READY_MS });
  await docker(['start', pullerContainer(facts)]);
  const url = `http://127.0.0.1:${facts.pullerPort}`;
  await answersOk(`${url}/ready`, AbortSignal.timeout(READY_MS));
  await options.setEndpoints({ puller: url });
  return stopped;
}
