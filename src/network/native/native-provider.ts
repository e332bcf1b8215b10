/** The native network: real `bacalhau serve` processes on this machine. */
import { givenSettings, portWish, type Resolved } from '../../config/resolve-settings.js';
import { serviceFlags } from '../../config/service-config.js';
import type { ServiceJob } from '../../jobs/job-request.js';
import { AppError } from '../../lib/errors/app-error.js';
import { isLoopback } from '../../lib/net/browser-guard.js';
import { bacalhauNeeds } from '../bacalhau/find-bacalhau.js';
import { noServicesNode } from '../edge-nodes.js';
import { REGIONS } from '../network.js';
import type { NetworkProvider } from '../provider.js';
import { createNativeNetwork, type NativeConnection, nativeConnectionSchema } from './native-network.js';

export const nativeProvider: NetworkProvider<NativeConnection> = {
  kind: 'native',
  capabilities: { givesNodesTokens: true, demoNodes: 4 },
  connectionSchema: nativeConnectionSchema,
  needs: (settings) => ({
    memoryMb: MEMORY_MB + NODE_MB * (REGIONS.length * settings.values.nodes + 1),
    ports: Object.values(portsOf(settings)),
    bacalhau: bacalhauNeeds(settings.values),
    docker: { onlyFor: 'for `deploy proxy` and `deploy puller`' },
  }),
  async plan(settings, context) {
    const { planNative } = await import('./plan.js');
    const { bacalhau } = settings.values;
    return planNative(context, {
      ...(bacalhau === undefined ? {} : { bacalhau }),
      ports: portsOf(settings),
    });
  },
  open: createNativeNetwork,
  // Its processes are children of `up`: whoever cleans up after it stops them.
  cleanUp: async () => ({ removed: [], kept: [] }),
  async serviceJob(role, connection, { settings, image, nodePort, embeddedQueue, authority }) {
    const { productImage } = await import('../../docker/images.js');
    const { queue, queueEndpoint, awsRegion, open } = settings.values;
    const logging = givenSettings(settings, ['logLevel', 'logFormat']);
    // A container does not reach this machine's loopback.
    const follow = settings.values.follow ?? (isLoopback(new URL(authority).hostname) ? undefined : authority);
    const job = nativeServiceJob(connection, {
      role,
      image: image ?? productImage(),
      port: nodePort,
      queue,
      embeddedQueue,
      open,
      args: serviceFlags({
        queueEndpoint,
        awsRegion,
        ...logging,
        ...(role === 'proxy' ? { follow } : { proxies: follow === undefined ? undefined : [follow] }),
      }),
    });
    return { job, url: `http://127.0.0.1:${nodePort}`, follows: follow !== undefined };
  },
};

/** Of `up` and its services, and of one `bacalhau` process, whose pages others share. */
const MEMORY_MB = 250;
const NODE_MB = 20;

const portsOf = (settings: Resolved) => ({
  api: portWish(settings, 'apiPort', 'API of Bacalhau'),
  nats: portWish(settings, 'natsPort', "orchestrator's node port"),
  webUi: portWish(settings, 'webUiPort', 'web page of Bacalhau'),
});

export interface NativeServiceRequest extends Omit<ServiceJob, 'queue' | 'submissionTime'> {
  queue: string | undefined;
  /** The queue is that of `up`, on loopback. */
  embeddedQueue: boolean;
}

/**
 * Checks what only this network needs: its nodes' ports are open to every machine around. Rejects with
 * `NO_SERVICES_NODE`, `QUEUE_NOT_REACHABLE`, `NO_QUEUE` and `SENSOR_TOKEN_NEEDED`.
 */
export function nativeServiceJob(
  { docker, forwarded }: Pick<NativeConnection, 'docker' | 'forwarded'>,
  { queue, embeddedQueue, ...request }: NativeServiceRequest,
): ServiceJob {
  if (!docker) throw noServicesNode('there was no Docker on this machine when `up` began');
  if (embeddedQueue) {
    throw new AppError(
      'QUEUE_NOT_REACHABLE',
      `a container can't reach the embedded queue, which listens on this machine's loopback`,
      {
        hint: 'Use a real queue for this: `up` and this command with --queue. On the compose network the embedded one will do.',
      },
    );
  }
  if (queue === undefined) {
    throw new AppError('NO_QUEUE', 'no queue was named', { hint: 'Give --queue (or SQS_QUEUE_URL) as `up` had it.' });
  }
  const checks = ['SENSOR_TOKEN', 'WASM_SENSORS_SENSOR_KEY'].some((name) => forwarded.services.includes(name));
  if (request.role === 'proxy' && !request.open && !checks) {
    throw new AppError(
      'SENSOR_TOKEN_NEEDED',
      `on port ${request.port} of this machine, anybody who reaches it could send readings`,
      { hint: 'Start `up` with SENSOR_TOKEN set (sensors and this proxy get it), or allow it with --open.' },
    );
  }
  return { ...request, queue, submissionTime: Date.now() };
}
