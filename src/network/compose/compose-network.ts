/** The compose network as every terminal uses it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Container, containerLogs, containersOf } from '../../docker/containers.js';
import { forwardedSchema } from '../../jobs/render-job.js';
import { QUEUE_NAME } from '../../queue/queue.js';
import { type Cli, runBacalhau } from '../bacalhau/bacalhau-cli.js';
import { type BacalhauClient, createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { createBacalhauNetwork } from '../bacalhau/bacalhau-network.js';
import { regionConfigFile } from '../config-file.js';
import type { Network } from '../network.js';
import type { OpenContext } from '../provider.js';
import { proxyEnvOf, sensorVariables } from '../sensor-tokens.js';
import type { ComposePlan } from './compose-provider.js';
import type { Project } from './engine/compose-project.js';

export const composeConnectionSchema = z.object({
  project: z.object({ name: z.string(), folder: z.string() }),
  apiPort: z.number(),
  /** Whether there is a node for service jobs. */
  withServices: z.boolean(),
  proxyJobPort: z.number(),
  pullerJobPort: z.number(),
  /** On this machine; left out when the network has no registry. */
  registryPort: z.number().optional(),
  /** The program's image that the containers run. */
  image: z.string(),
  /** Where service jobs reach the queue. */
  queueForJobs: z.string(),
  /** Names under which service jobs may be reached, beside those of their node. */
  allowedHosts: z.array(z.string()),
  /** Further arguments of service jobs: those of the containers. */
  serviceArgs: z.object({ proxy: z.array(z.string()), puller: z.array(z.string()) }),
  /** Names of variables, never values. */
  /** Sensors send to the relay of their region. */
  relays: z.literal(true).exactOptional(),
  forwarded: forwardedSchema,
});

export type ComposeConnection = z.output<typeof composeConnectionSchema>;

/** What service jobs get from their node, where the operator has it. */
export const FOR_SERVICES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_REGION',
  'WASM_SENSORS_TOKEN',
  'WASM_SENSORS_VIEWER_TOKEN',
];

/** Fixed by templates/compose.yaml: service jobs run in a Docker that does not know this network's names. */
const queueForJobs = (backbone: string) => `http://${backbone}.10:9324/000000000000/${QUEUE_NAME}`;
const proxyForJobs = (backbone: string) => `http://${backbone}.11:9090`;

/**
 * The connection of a network that was just started.
 *
 * @param started.backbone first three numbers of the backbone's addresses
 * @param started.withServices whether it has a web-services node
 */
export function connectionOf(
  plan: ComposePlan,
  { backbone, withServices }: { backbone: string; withServices: boolean },
): ComposeConnection {
  const { project, ports, settings, args, secrets, context } = plan;
  const { queueEndpoint } = settings;
  const endpoint = queueEndpoint === undefined ? [] : ['--queue-endpoint', queueEndpoint];
  return {
    project,
    apiPort: ports.API_PORT,
    withServices,
    proxyJobPort: ports.PROXY_JOB_PORT,
    pullerJobPort: ports.PULLER_JOB_PORT,
    ...(ports.REGISTRY_PORT === undefined ? {} : { registryPort: ports.REGISTRY_PORT }),
    ...(context.relays ? { relays: true } : {}),
    image: plan.image,
    queueForJobs: settings.queue ?? queueForJobs(backbone),
    allowedHosts: settings.allowedHosts ?? [],
    serviceArgs: {
      proxy: [...endpoint, ...args['sqs-proxy'], '--follow', proxyForJobs(backbone)],
      puller: [...endpoint, ...args['sqs-puller'], '--proxies', proxyForJobs(backbone)],
    },
    forwarded: {
      edge: ['HOSTNAME', 'REGION', ...sensorVariables(context)],
      updater: ['WASM_SENSORS_TOKEN'],
      services: [...FOR_SERVICES, 'WASM_SENSORS_WEBHOOK', ...Object.keys(proxyEnvOf(context))].filter(
        (name) => secrets[name],
      ),
    },
  };
}

/** The proxy, as its sensors reach it: on each region's network the service's name stands for it. */
export const COMPOSE_PROXY = 'http://sqs-proxy:9090';
/** The relay of a region, on its network. */
export const COMPOSE_RELAY = 'http://relay:9090';
/** Service of the node that runs the proxy and the puller as service jobs. */
export const SERVICES_NODE = 'web-services';
/** Where `templates/compose.yaml` mounts the folder `shared` into edge nodes. */
const SHARED_ON_NODE = '/srv/wasm-sensors';

export function createComposeNetwork(
  { project, apiPort, relays, forwarded }: ComposeConnection,
  { stateDir, token, setRegionLink }: OpenContext,
): Network {
  const network = createBacalhauNetwork({
    kind: 'compose',
    client: createComposeClient(project, apiPort),
    stateDir,
    token,
    forwarded,
    sensorProxyUrl: () => (relays ? COMPOSE_RELAY : COMPOSE_PROXY),
    proxyUrlOf: () => COMPOSE_PROXY,
    setRegionLink,
  });
  return {
    ...network,
    proxyNames: { 'sqs-proxy': COMPOSE_PROXY, [SERVICES_NODE]: `http://${SERVICES_NODE}:8080` },
    logs: {
      services: async () => (await containersOf({ project: project.name })).map(({ service }) => service),
      read: (query) => containerLogs(project.name, query),
    },
    configFile: (region) => regionConfigFile(join(project.folder, 'shared'), region, SHARED_ON_NODE),
    // The orchestrator reports a silent node as connected for another minute; Docker knows at once.
    nodes: async () => {
      const [nodes, containers] = await Promise.all([network.nodes(), containersOf({ project: project.name })]);
      const reached = containers.find(({ service }) => service === 'orchestrator')?.networks ?? {};
      const isReached = ({ networks }: Container) => Object.keys(networks).some((name) => name in reached);
      const off = containers.filter((container) => container.state !== 'running' || !isReached(container));
      const cut = new Set(off.map(({ service }) => service));
      return nodes.map((node) => ({ ...node, connected: node.connected && !cut.has(node.name) }));
    },
  };
}

/** Its `bacalhau` has the network's own version, so this machine needs none. */
export const clientContainer = ({ name }: Project): string => `${name}-client-1`;

export function createComposeClient(project: Project, apiPort: number): BacalhauClient {
  const cli: Cli = (args) => {
    // The container does not see our files: job documents go in by standard input.
    const file = args[0] === 'job' && args[1] === 'run' ? args.at(-1)! : undefined;
    const command = ['docker', 'exec', '-i', clientContainer(project), 'bacalhau'];
    if (file === undefined) return runBacalhau({ command, args });
    return runBacalhau({ command, args: args.slice(0, -1), input: readFileSync(file) });
  };
  return createBacalhauClient({
    cli,
    path: 'bacalhau (in the client container)',
    stateDir: project.folder,
    api: { host: '127.0.0.1', port: apiPort },
  });
}
