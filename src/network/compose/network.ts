/** The compose network as every terminal uses it. */
import { join } from 'node:path';
import { createBacalhauNetwork } from '../bacalhau/network.js';
import { regionConfigFile } from '../config-files.js';
import { builtModule } from '../jobs/modules.js';
import type { Network } from '../network.js';
import type { NetworkFacts } from '../run-state.js';
import { createComposeClient } from './client.js';
import { composeFactsSchema } from './facts.js';
import { containersOf } from './project.js';
import { COMPOSE_PROXY } from './proxies.js';

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
