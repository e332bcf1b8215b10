/** The proxy and the puller as service jobs of a native network, in the Docker of this machine. */

import type { ServiceJob } from '../../jobs/job-request.js';
import { usageError } from '../../lib/errors/app-error.js';
import { noServicesNode } from '../service-node.js';
import type { NativeConnection } from './native-connection.js';

export interface NativeServiceRequest extends Omit<ServiceJob, 'queue' | 'submissionTime'> {
  queue: string | undefined;
  /** `up` runs its own. */
  embeddedQueue: boolean;
}

/**
 * Checks what only this network needs: its nodes' ports are open to every machine around. Rejects with
 * `NO_SERVICES_NODE`, `QUEUE_NOT_REACHABLE`, `NO_QUEUE` and `SENSOR_TOKEN_NEEDED`.
 */
export function nativeService(
  { docker, forwarded }: Pick<NativeConnection, 'docker' | 'forwarded'>,
  { queue, embeddedQueue, ...request }: NativeServiceRequest,
): ServiceJob {
  if (!docker) throw noServicesNode('there was no Docker on this machine when `up` began');
  if (embeddedQueue) {
    throw usageError(
      'QUEUE_NOT_REACHABLE',
      `a container can't reach the embedded queue, which listens on this machine's loopback`,
      'Use a real queue for this: `up` and this command with --queue. On the compose network the embedded one will do.',
    );
  }
  if (queue === undefined) {
    throw usageError('NO_QUEUE', 'no queue was named', 'Give --queue (or SQS_QUEUE_URL) as `up` had it.');
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
