/** The remote network: a cluster that exists already. None of our processes run on its nodes, so there is little to start. */
import { AppError } from '../../lib/errors/app-error.js';
import { type ApiAddress, apiUrl } from '../bacalhau/bacalhau-cli.js';
import { createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { toNode } from '../bacalhau/bacalhau-mapping.js';
import { findBacalhau, programNeeds } from '../bacalhau/find-bacalhau.js';
import type { NetworkPlan, NetworkProvider, PlanContext } from '../provider.js';
import { unschedulableDetails } from '../region-nodes.js';
import { sensorVariables } from '../sensor-secrets.js';
import { apiAddress } from './api-address.js';
import {
  createRemoteClient,
  createRemoteNetwork,
  type RemoteConnection,
  remoteConnectionSchema,
} from './remote-network.js';
import { forgetSecrets, keepSecrets } from './remote-secrets.js';

export const remoteProvider: NetworkProvider<RemoteConnection> = {
  kind: 'remote',
  capabilities: { sensorsOutliveUp: true, noCuts: true },
  connectionSchema: remoteConnectionSchema,
  needs({ values: settings }) {
    const api = apiAddress(settings);
    const clientIn = (folder: string) =>
      createBacalhauClient({ path: findBacalhau(settings.bacalhau), stateDir: folder, api, timeoutMs: ASK_MS });
    return {
      memoryMb: MEMORY_MB,
      bacalhau: {
        ...programNeeds(settings),
        cluster: {
          url: apiUrl(api),
          version: (folder) => clientIn(folder).agentVersion(),
          nodes: async (folder) => (await clientIn(folder).nodes()).flatMap((node) => toNode(node) ?? []),
        },
      },
      requireProxy: (proxyUrl) => requireReachable(proxyUrl, api.host),
    };
  },
  async plan({ values: settings }, context) {
    return planRemote(context, {
      ...(settings.bacalhau === undefined ? {} : { bacalhau: settings.bacalhau }),
      api: apiAddress(settings),
      tokenInJob: settings.tokenInJob,
    });
  },
  open: createRemoteNetwork,
  async cleanUp(stateDir) {
    forgetSecrets(stateDir);
    return { removed: [], kept: [] };
  },
};

const ASK_MS = 10_000;
/** Of `up` and its services. */
const MEMORY_MB = 250;

export interface RemoteOptions {
  bacalhau?: string;
  api: ApiAddress;
  /** Variables for sensors go into the job; without it the nodes must have them. */
  tokenInJob: boolean;
}

export function planRemote(
  context: Pick<PlanContext, 'stateDir' | 'sensorEnv' | 'sensorKey' | 'emit'>,
  options: RemoteOptions,
): NetworkPlan<RemoteConnection> {
  const { stateDir, sensorEnv, emit } = context;
  // With a key, the operator of the cluster has given each node its own token.
  const forSensors = sensorVariables(context);
  return {
    async start({ proxyUrl }) {
      const bacalhau = findBacalhau(options.bacalhau);
      const { credentials, ...api } = options.api;
      requireReachable(proxyUrl, api.host);
      const { tokenInJob } = options;
      const connection: RemoteConnection = { bacalhau, api, proxyUrl, forSensors, tokenInJob };
      const secrets = { sensorEnv: tokenInJob ? sensorEnv : {}, ...(credentials ? { credentials } : {}) };
      const client = createRemoteClient(connection, stateDir, secrets);
      await client.clientVersion();
      await client.agentVersion();
      const nodes = (await client.nodes()).flatMap((node) => toNode(node) ?? []);
      const edge = nodes.filter(
        ({ type, region, connected, unschedulable }) =>
          type === 'edge' && region !== '' && connected && unschedulable === undefined,
      );
      if (edge.length === 0) {
        throw new AppError(
          'NO_MATCHING_NODES',
          `${api.host} has no connected node with type=edge and a region that can run a sensor`,
          {
            details: unschedulableDetails(nodes),
            hint: 'Sensors run on nodes that were started with labels such as `-c Labels=region=us,type=edge`.',
          },
        );
      }
      emit({ type: 'network.progress', step: 'nodes connected', done: edge.length, total: edge.length });
      if (tokenInJob && connection.forSensors.length > 0) {
        emit({ type: 'secrets.in-job', variables: connection.forSensors });
      }
      keepSecrets(stateDir, secrets);
      return { connection };
    },
    stop: async () => forgetSecrets(stateDir),
  };
}

/** Rejects a proxy URL that names the node itself when a node uses it. Only readings show whether another one works. */
function requireReachable(proxyUrl: string, apiHost: string): void {
  if (!isLoopback(new URL(proxyUrl).hostname) || isLoopback(apiHost)) return;
  throw new AppError(
    'PROXY_NOT_REACHABLE',
    `sensors on the nodes of ${apiHost} can't reach ${proxyUrl}: to a node, that name is the node itself`,
    { hint: 'Give a URL that the edge nodes can reach with --proxy-url, such as https://proxy.example.com.' },
  );
}

/** @param host a name or an address, IPv6 with or without brackets, or a URL as Bacalhau takes it for a host */
function isLoopback(host: string): boolean {
  const name = host.replace(/^https?:\/\//, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || /^127\./.test(name);
}
