/** The compose network as every terminal uses it. */
import { createBacalhauNetwork } from '../bacalhau/network.js';
import { builtModule } from '../jobs/modules.js';
import type { Network } from '../network.js';
import type { NetworkFacts } from '../runner.js';
import { createComposeClient } from './client.js';
import { composeFactsSchema } from './facts.js';

/** Where sensors find the proxy: on each region's network its name stands for it. */
export const COMPOSE_PROXY = 'http://sqs-proxy:9090';
/** The same, when it runs as a service job. */
export const SERVICE_JOB_PROXY = 'http://web-services:8080';

/**
 * @param facts what the runner's `start` left; rejects facts of another kind of network
 * @param setRegionLink in `up` itself its runner's, elsewhere through the control API of `up`
 */
export function createComposeNetwork(
  facts: NetworkFacts,
  setRegionLink: (region: string, connected: boolean) => Promise<void>,
): Network {
  const { project, apiPort, forwarded } = composeFactsSchema.parse(facts);
  return createBacalhauNetwork({
    kind: 'compose',
    client: createComposeClient(project, apiPort),
    stateDir: project.folder,
    surroundings: { module: builtModule, forwarded },
    sensorProxyUrl: () => COMPOSE_PROXY,
    setRegionLink,
  });
}
