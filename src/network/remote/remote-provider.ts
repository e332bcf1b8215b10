/** The remote network: a cluster that exists already. None of our processes run on its nodes, so there is little to start. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { keysOf, SECTIONS, type Settings } from '../../config/settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import { isLoopback } from '../../lib/net/browser-guard.js';
import { type ApiAddress, apiUrl } from '../bacalhau/bacalhau-cli.js';
import { bacalhauNeeds, findBacalhau } from '../bacalhau/find-bacalhau.js';
import { unschedulableDetails } from '../edge-nodes.js';
import type { NetworkPlan, NetworkProvider, PlanContext } from '../provider.js';
import { proxyEnvOf, sensorVariables } from '../sensor-tokens.js';
import {
  createRemoteClient,
  createRemoteNetwork,
  forgetSecrets,
  keepSecrets,
  type RemoteConnection,
  remoteConnectionSchema,
} from './remote-network.js';

export const remoteProvider: NetworkProvider<RemoteConnection> = {
  kind: 'remote',
  capabilities: {
    sensorsOutliveUp: true,
    noCuts: true,
    follows: [...keysOf(SECTIONS['Bacalhau:']), 'tokenInJob'],
    unsupported: {
      settings: ['relays'],
      hint: 'Run each region’s relay on one of its nodes with `deploy relay`, or with `relay serve` on a machine of the site.',
    },
  },
  connectionSchema: remoteConnectionSchema,
  needs({ values: settings }) {
    const api = apiAddress(settings);
    return {
      memoryMb: MEMORY_MB,
      bacalhau: { ...bacalhauNeeds(settings, api), clusterUrl: apiUrl(api) },
    };
  },
  async plan({ values: settings }, context) {
    const { bacalhau, tokenInJob } = settings;
    return planRemote(context, { bacalhau, tokenInJob, api: apiAddress(settings) });
  },
  open: createRemoteNetwork,
  relayUpstream: ({ proxyUrl }) => proxyUrl,
  async cleanUp(stateDir) {
    forgetSecrets(stateDir);
    return { removed: [], kept: [] };
  },
};

/** Of `up` and its services. */
const MEMORY_MB = 250;

export function planRemote(
  context: Pick<PlanContext, 'stateDir' | 'sensorEnv' | 'sensorKey' | 'emit'>,
  options: Pick<Settings, 'tokenInJob'> & { bacalhau?: string | undefined; api: ApiAddress },
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
      const forRelays = Object.keys(proxyEnvOf(context));
      const connection: RemoteConnection = { bacalhau, api, proxyUrl, forSensors, forRelays, tokenInJob };
      const secrets = { sensorEnv: tokenInJob ? sensorEnv : {}, ...(credentials ? { credentials } : {}) };
      const client = createRemoteClient(connection, stateDir, secrets);
      await client.clientVersion();
      await client.agentVersion();
      const nodes = await client.nodes();
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
  // IPv6 has brackets; Bacalhau takes a URL for a host, too.
  const isHere = (host: string) => isLoopback(host.replace(/^https?:\/\//, '').replace(/^\[|\]$/g, ''));
  if (!isHere(new URL(proxyUrl).hostname) || isHere(apiHost)) return;
  throw new AppError(
    'PROXY_NOT_REACHABLE',
    `sensors on the nodes of ${apiHost} can't reach ${proxyUrl}: to a node, that name is the node itself`,
    { hint: 'Give a URL that the edge nodes can reach with --proxy-url, such as https://proxy.example.com.' },
  );
}

/** Throws `NO_API_HOST`, `NO_TLS`, `NO_SUCH_FILE` for the signer of its certificate, and `CREDENTIALS_MIXED`. */
export function apiAddress(settings: Settings): ApiAddress {
  const { apiHost, apiPort, apiTls, apiInsecure, apiCa } = settings;
  if (apiHost === undefined) {
    throw new AppError('NO_API_HOST', 'the remote network needs the address of its orchestrator', {
      hint: 'Give --api-host (and --api-port, --api-tls where needed), or set BACALHAU_API_HOST.',
    });
  }
  const tls = apiTls || apiCa !== undefined;
  if (apiInsecure && !tls)
    throw new AppError('NO_TLS', '--api-insecure is about TLS, which is not asked for', {
      hint: 'Give --api-tls as well.',
    });
  const credentials = credentialsOf(settings);
  return {
    host: apiHost,
    port: apiPort,
    ...(tls ? { tls: { ...signer(apiCa), ...(apiInsecure ? { insecure: true } : {}) } } : {}),
    ...(credentials ? { credentials } : {}),
  };
}

/** Other terminals may be in other folders. */
function signer(file: string | undefined): { caFile?: string } {
  if (file === undefined) return {};
  if (existsSync(file)) return { caFile: resolve(file) };
  throw new AppError('NO_SUCH_FILE', `--api-ca: there is no file ${file}`, {
    hint: 'Name the PEM file of the certificate.',
  });
}

/** Bacalhau knows two ways in, and refuses both at the same time. */
function credentialsOf({ apiToken, apiUsername, apiPassword }: Settings): ApiAddress['credentials'] {
  if (apiToken !== undefined && apiUsername === undefined && apiPassword === undefined) return { apiKey: apiToken };
  if (apiToken === undefined && apiUsername !== undefined && apiPassword !== undefined)
    return { username: apiUsername, password: apiPassword };
  if (apiToken === undefined && apiUsername === undefined && apiPassword === undefined) return undefined;
  throw new AppError('CREDENTIALS_MIXED', 'the API accepts either an API key or a user with a password', {
    hint: 'Give --api-token-file (BACALHAU_API_KEY), or --api-username with --api-password-file (BACALHAU_API_USERNAME and _PASSWORD).',
  });
}
