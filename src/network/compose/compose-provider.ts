/** The compose network: orchestrator, nodes, queue, proxy and puller as containers of one Docker Compose project. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { givenSettings, type Resolved } from '../../config/resolve-settings.js';
import { serviceFlags } from '../../config/service-config.js';
import type { Settings } from '../../config/settings.js';
import { docker, requireEngine } from '../../docker/docker-cli.js';
import { bacalhauTag, productImage } from '../../docker/images.js';
import { removeOwned, removeOwnedVolumes } from '../../docker/owned-objects.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { choosePorts } from '../../lib/net/choose-port.js';
import { answersHttp } from '../../lib/net/http-client.js';
import { REGIONS } from '../network.js';
import type { NetworkNeeds, NetworkProvider, PlanContext, Removal, Services } from '../provider.js';
import { relayMemoryMb } from '../relays.js';
import { proxyEnvOf } from '../sensor-tokens.js';
import { makeEnvironment, portWishes, queueVariables, readEnvironment, storeVariables } from './compose-env.js';
import {
  type ComposeConnection,
  clientContainer,
  composeConnectionSchema,
  createComposeNetwork,
} from './compose-network.js';
import { planServiceJob } from './compose-service-job.js';
import type { ServiceArgs } from './document/compose-document.js';
import { writeExtras, writeNetworkFiles } from './document/network-folder.js';
import { ownTokens, writeOwnTokens } from './document/node-tokens.js';
import { projectName, requireOwnProject } from './engine/compose-project.js';
import { createComposeRun } from './start.js';

export const composeProvider: NetworkProvider<ComposeConnection> = {
  kind: 'compose',
  capabilities: {
    givesNodesTokens: true,
    runsPostgres: true,
    demoNodes: 2,
    follows: ['apiPort', 'natsPort', 'webUiPort'],
    unsupported: {
      // Containers listen where their network is, and their ports on this machine are those of loopback.
      settings: ['host', 'tlsCert', 'tlsKey', 'tlsCa', 'proxyUrl'],
      hint: 'Omit it. To serve other machines put a reverse proxy, which can also speak TLS, before the published port.',
    },
  },
  connectionSchema: composeConnectionSchema,
  needs: composeNeeds,
  async plan(settings, context) {
    const plan = await planCompose(settings, context);
    const resting = new Set<string>();
    return { services: servicesOf(plan, resting), ...createComposeRun(plan, resting) };
  },
  open: createComposeNetwork,
  cleanUp: (stateDir) => withEngine(stateDir, removeOwned),
  // What other folders created is kept, even if this network used it.
  removeData: (stateDir) => withEngine(stateDir, removeOwnedVolumes),
  serviceJob: planServiceJob,
  shell(connection, { command, tty }) {
    const words = command.length > 0 ? command : ['bash'];
    return { program: 'docker', args: ['exec', tty ? '-it' : '-i', clientContainer(connection.project), ...words] };
  },
  async render(folder, { nodesPerRegion, relays, postgres }) {
    const files = await writeNetworkFiles(folder, {
      nodesPerRegion,
      dockerInside: 'privileged',
      embeddedQueue: true,
      relays,
      postgres,
      heading: [
        `Made by \`wasm-sensors render --nodes ${nodesPerRegion}${relays ? ' --relays' : ''}${postgres ? ' --store postgres' : ''}\` from templates/compose.yaml.`,
        'Start it with: docker compose up -d   (`.env` holds the variables, which it explains, and the nodes’ tokens)',
      ],
    });
    return [...files, ...writeExtras(folder), ...writeOwnTokens(folder, { nodesPerRegion, relays, postgres })];
  },
};

/** Without an engine there is nothing to remove. It is reported only where a compose network has been. */
async function withEngine(stateDir: string, remove: (stateDir: string) => Promise<Removal>): Promise<Removal> {
  try {
    await requireEngine();
  } catch (error) {
    const kept = `what Docker has of this folder: ${messageOf(error)}`;
    return { removed: [], kept: existsSync(join(stateDir, 'compose')) ? [kept] : [] };
  }
  return remove(stateDir);
}

/** As in the template. */
const POSTGRES_IMAGE = 'postgres:16-bookworm';
const DEFAULT_BACALHAU = 'v1.9.3';
const LOCAL = 'http://127.0.0.1';

export type ComposePlan = Awaited<ReturnType<typeof planCompose>>;

/** Rejects with `PLACEHOLDER`, `PORT_IN_USE`, `CREDENTIALS_MISSING`, `QUEUE_NOT_REACHABLE`. */
async function planCompose(resolved: Resolved, context: PlanContext) {
  const { values } = resolved;
  const folder = process.cwd();
  const environment = readEnvironment(folder);
  if (makeEnvironment(folder)) context.emit({ type: 'environment.made', file: join(folder, '.env') });
  const image = environment('WASM_SENSORS_IMAGE');
  /** Variables for containers, some of which must not be written into a file. */
  const secrets: Record<string, string> = {
    ...queueVariables(values, environment),
    WASM_SENSORS_TOKEN: context.token,
    WASM_SENSORS_VIEWER_TOKEN: values.viewerToken ?? '',
    WASM_SENSORS_WEBHOOK: values.webhook ?? '',
    WASM_SENSORS_ALLOWED_HOSTS: (values.allowedHosts ?? []).join(','),
    ...storeVariables(values, environment, context.stateDir),
    ...proxyEnvOf(context),
    ...ownTokens(context.sensorKey, context),
  };
  const settings: Partial<Pick<Settings, 'queue' | 'queueEndpoint' | 'allowedHosts' | 'store'>> = values;
  return {
    project: { name: projectName(environment('COMPOSE_PROJECT_NAME')), folder: join(context.stateDir, 'compose') },
    context,
    settings,
    args: serviceArgs(resolved, context),
    ports: await choosePorts(portWishes(resolved, environment, context.registry), context.emit),
    bacalhauVersion: bacalhauTag(environment('BACALHAU_VERSION') ?? DEFAULT_BACALHAU),
    image: image ?? productImage(),
    imageNamed: image !== undefined,
    /** Of the server of the store; undefined: there is none. */
    postgresImage: values.store === 'postgres' ? (environment('POSTGRES_IMAGE') ?? POSTGRES_IMAGE) : undefined,
    /** First three numbers of its addresses; undefined: free ones are found. */
    backbone: environment('BACKBONE'),
    /** Of Bacalhau's nodes; undefined: that of the compose file. */
    logLevel: environment('BACALHAU_LOG_LEVEL'),
    secrets,
  };
}

function serviceArgs(settings: Resolved, { logging }: PlanContext): ServiceArgs {
  const ofPuller = ['sinks', 'pollers', 'alertAfter', 'retention', 'minuteRetention', 'hourRetention'] as const;
  return {
    'sqs-proxy': serviceFlags({ ...givenSettings(settings, ['rateLimit', 'awsRegion', 'shards']), ...logging }),
    'sqs-puller': serviceFlags({ ...givenSettings(settings, [...ofPuller, 'awsRegion', 'shards']), ...logging }),
    queue: serviceFlags({ ...givenSettings(settings, ['shards']), ...logging }),
    relay: serviceFlags({ ...givenSettings(settings, ['rateLimit']), ...logging }),
  };
}

/** Estimates: of the containers that every network has, three of them Node programs, and of one edge node. */
const MEMORY_MB = 700;
const NODE_MB = 25;

/** Throws `PLACEHOLDER`, `CREDENTIALS_MISSING`, `QUEUE_NOT_REACHABLE` and `BAD_SETTING`. */
function composeNeeds(settings: Resolved): NetworkNeeds {
  const environment = readEnvironment(process.cwd());
  queueVariables(settings.values, environment);
  const project = projectName(environment('COMPOSE_PROJECT_NAME'));
  return {
    memoryMb: MEMORY_MB + NODE_MB * REGIONS.length * settings.values.nodes + relayMemoryMb(settings),
    ports: Object.values(portWishes(settings, environment, false)),
    servicesInside: true,
    requireOwnProject: (stateDir) => requireOwnProject(project, stateDir),
  };
}

const PULLER = 'sqs-puller';
const PULLER_READY_MS = 30_000;

/**
 * They are containers of the network, so their own `start` and `stop` have nothing to do.
 *
 * @param resting services that are stopped on purpose
 */
function servicesOf({ project, ports }: ComposePlan, resting: Set<string>): Services {
  const puller = `${LOCAL}:${ports.PULLER_PORT}`;
  const container = `${project.name}-${PULLER}-1`;
  return {
    endpoints: {
      proxy: `${LOCAL}:${ports.PROXY_PORT}`,
      puller,
      ...(ports.QUEUE_PORT === undefined ? {} : { queue: `${LOCAL}:${ports.QUEUE_PORT}` }),
      api: `${LOCAL}:${ports.API_PORT}`,
      webUi: `${LOCAL}:${ports.WEBUI_PORT}`,
    },
    async start() {},
    async movePuller(url) {
      if (url !== null) {
        resting.add(PULLER);
        await docker(['stop', container]);
        return url;
      }
      await docker(['start', container]);
      resting.delete(PULLER);
      const ready = async () => (await answersHttp(`${puller}/ready`)) || undefined;
      if (await waitFor(ready, { timeoutMs: PULLER_READY_MS })) return puller;
      throw new AppError('PULLER_NOT_READY', `the puller's container does not answer at ${puller}`, {
        hint: `See its log: docker logs ${container}.`,
      });
    },
    async stop() {},
  };
}
