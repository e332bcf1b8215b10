/** The proxy and the puller as service jobs of a native network, in the Docker of this machine. */
import { usageError } from '../../core/errors.js';
import type { ServiceJob } from '../network.js';
import { noServicesNode } from '../service-job.js';
import type { NativeFacts } from './facts.js';

export type NativeServiceRequest = Omit<ServiceJob, 'queue' | 'submissionTime'> & {
  /** Missing where `up` runs the embedded one. */
  queue: string | undefined;
};

/**
 * Checks what only this network needs: its nodes' ports are open to every machine around. Rejects with
 * `NO_SERVICES_NODE`, `QUEUE_NOT_REACHABLE` and `SENSOR_TOKEN_NEEDED`.
 */
export function nativeService({ docker, forwarded }: NativeFacts, request: NativeServiceRequest): ServiceJob {
  if (!docker) throw noServicesNode('there was no Docker on this machine when `up` began');
  const { queue } = request;
  if (queue === undefined) {
    throw usageError(
      'QUEUE_NOT_REACHABLE',
      `a container can't reach the embedded queue, which listens on this machine's loopback`,
      'Use a real queue for this: `up` and this command with --queue. On the compose network the embedded one will do.',
    );
  }
  if (request.role === 'proxy' && !request.open && !forwarded.services.includes('SENSOR_TOKEN')) {
    throw usageError(
      'SENSOR_TOKEN_NEEDED',
      `on port ${request.port} of this machine, anybody who reaches it could send readings`,
      'Start `up` with SENSOR_TOKEN set (sensors and this proxy get it), or allow it with --open.',
    );
  }
  return { ...request, queue, submissionTime: Date.now() };
}
