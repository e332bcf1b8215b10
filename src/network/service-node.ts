/** The node on which the proxy and the puller run as service jobs. */
import { AppError } from '../lib/errors/app-error.js';

/** A network that was started without a node for service jobs; `why` completes the sentence. */
export function noServicesNode(why: string): AppError {
  return new AppError('NO_SERVICES_NODE', 'system', `this network has no node for service jobs: ${why}`, {
    hint: 'Service jobs need a node with Docker. The proxy and the puller that `up` runs go on without one.',
  });
}
