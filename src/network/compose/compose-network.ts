/** The compose network as every terminal uses it. */
import { join } from 'node:path';
import { readModule } from '../../modules/module-files.js';
import { createBacalhauNetwork } from '../bacalhau/bacalhau-network.js';
import type { Network } from '../network.js';
import type { OpenContext } from '../provider.js';
import { regionConfigFile } from '../region-config-file.js';
import { createComposeClient } from './client-container.js';
import type { ComposeConnection } from './compose-connection.js';
import { containersOf } from './compose-project.js';
import { COMPOSE_PROXY, PROXY_NAMES } from './compose-proxies.js';

/** Where `templates/compose.yaml` mounts the folder `shared` into edge nodes. */
const SHARED_ON_NODE = '/srv/wasm-sensors';

export function createComposeNetwork(
  { project, apiPort, forwarded }: ComposeConnection,
  { stateDir, setRegionLink }: Pick<OpenContext, 'stateDir' | 'setRegionLink'>,
): Network {
  const network = createBacalhauNetwork({
    kind: 'compose',
    client: createComposeClient(project, apiPort),
    stateDir,
    surroundings: { module: readModule, forwarded },
    sensorProxyUrl: () => COMPOSE_PROXY,
    setRegionLink,
  });
  return {
    ...network,
    proxyNames: PROXY_NAMES,
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
