/** The compose network as every terminal uses it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerLogs } from '../../docker/container-logs.js';
import { containersOf } from '../../docker/containers.js';
import { readModule } from '../../modules/module-files.js';
import { modulePath } from '../../modules/module-path.js';
import { type Cli, runBacalhau } from '../bacalhau/bacalhau-cli.js';
import { type BacalhauClient, createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { createBacalhauNetwork } from '../bacalhau/bacalhau-network.js';
import type { Network, NetworkLogs } from '../network.js';
import type { OpenContext } from '../provider.js';
import { regionConfigFile } from '../region-file.js';
import type { ComposeConnection } from './compose-connection.js';
import type { Project } from './engine/compose-project.js';

/** The proxy, as its sensors reach it: on each region's network the service's name stands for it. */
export const COMPOSE_PROXY = 'http://sqs-proxy:9090';
/** Service of the node that runs the proxy and the puller as service jobs. */
export const SERVICES_NODE = 'web-services';
/** Where `templates/compose.yaml` mounts the folder `shared` into edge nodes. */
const SHARED_ON_NODE = '/srv/wasm-sensors';

export function createComposeNetwork(
  { project, apiPort, forwarded }: ComposeConnection,
  { stateDir, token, setRegionLink }: OpenContext,
): Network {
  const network = createBacalhauNetwork({
    kind: 'compose',
    client: createComposeClient(project, apiPort),
    stateDir,
    environment: {
      module: readModule,
      forwarded,
      moduleUrl: (_, sha256) => `${COMPOSE_PROXY}${modulePath(sha256, token)}`,
    },
    sensorProxyUrl: () => COMPOSE_PROXY,
    setRegionLink,
  });
  return {
    ...network,
    proxyNames: { 'sqs-proxy': COMPOSE_PROXY, [SERVICES_NODE]: `http://${SERVICES_NODE}:8080` },
    logs: composeLogs(project),
    configFile: (region) => regionConfigFile(join(project.folder, 'shared'), region, SHARED_ON_NODE),
    // The orchestrator reports a silent node as connected for another minute; Docker knows at once.
    nodes: async () => {
      const [nodes, containers] = await Promise.all([network.nodes(), containersOf({ project: project.name })]);
      const off = containers.filter(({ networks, state }) => Object.keys(networks).length === 0 || state !== 'running');
      const cut = new Set(off.map(({ service }) => service));
      return nodes.map((node) => ({ ...node, connected: node.connected && !cut.has(node.name) }));
    },
  };
}

function composeLogs({ name }: Project): NetworkLogs {
  return {
    services: async () => (await containersOf({ project: name })).map(({ service }) => service),
    async *read({ since, ...query }) {
      const from = since === undefined ? {} : { since: new Date(since).toISOString() };
      for await (const { service, at, line } of containerLogs(name, { ...query, ...from })) {
        yield { service, time: Date.parse(at), line };
      }
    },
  };
}

/** Its `bacalhau` has the network's own version, so this machine needs none. */
export const clientContainer = ({ name }: Project): string => `${name}-client-1`;

export function createComposeClient(project: Project, apiPort: number): BacalhauClient {
  const cli: Cli = (args) => {
    // The container does not see our files: job documents go in by standard input.
    const file = args[0] === 'job' && args[1] === 'run' ? args.at(-1)! : undefined;
    const own = file === undefined ? args : args.slice(0, -1);
    return runBacalhau({
      program: 'docker',
      args: ['exec', '-i', clientContainer(project), 'bacalhau', ...own],
      own,
      ...(file === undefined ? {} : { options: { input: readFileSync(file) } }),
    });
  };
  return createBacalhauClient({
    cli,
    path: 'bacalhau (in the client container)',
    stateDir: project.folder,
    api: { host: '127.0.0.1', port: apiPort },
  });
}
