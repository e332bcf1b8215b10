/** The compose network as every terminal uses it. */
import { join } from 'node:path';
import { builtModule } from '../../jobs/built-module.js';
import { createBacalhauNetwork } from '../bacalhau/bacalhau-network.js';
import type { Network } from '../network.js';
import type { NetworkFacts } from '../provider.js';
import { regionConfigFile } from '../region-config-file.js';
import { createComposeClient } from './client-container.js';
import { composeFactsSchema } from './compose-connection.js';
import { containersOf } from './compose-project.js';
import { COMPOSE_PROXY } from './compose-proxies.js';

/** Where `templates/compose.yaml` mounts the folder `shared` into edge nodes. */
const SHARED_ON_NODE = '/srv/wasm-sensors';

export interface ComposeNetworkOptions {
  stateDir: string;
  /** In `up` itself its runner's, elsewhere through the control API of `up`. */
  setRegionLink(region: string, connected: boolean): Promise<void>;
}

/** @param facts what the runner's `start` left; rejects facts of another kind of network */
export function createComposeNetwork(facts: NetworkFacts, { stateDir, setRegionLink }: ComposeNetworkOptions): Network {
  const { project, apiPort, forwarded } = composeFactsSchema.parse(facts);
  const network = createBacalhauNetwork({
    kind: 'compose',
    client: createComposeClient(project, apiPort),
    stateDir,
    surroundings: { module: builtModule, forwarded },
    sensorProxyUrl: () => COMPOSE_PROXY,
    setRegionLink,
  });
  return {
    ...network,
    configFile: (region) => regionConfigFile(join(project.folder, 'shared'), region, SHARED_ON_NODE),
    // The orchestrator calls a node that went silent connected for another minute; Docker knows at once.
    nodes: async () => {
      const [nodes, containers] = await Promise.all([network.nodes(), containersOf({ project: project.name })]);
      const off = containers.filter(({ networks, state }) => networks.length === 0 || state !== 'running');
      const cut = new Set(off.map(({ service }) => service));
      return nodes.map((node) => ({ ...node, connected: node.connected && !cut.has(node.name) }));
    },
  };
}
