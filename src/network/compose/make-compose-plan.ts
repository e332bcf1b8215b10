/** From settings to a compose network that can be started: ports, variables, queue, images. */
import { join } from 'node:path';
import { givenSettings, portWish, type Resolved } from '../../config/resolve-settings.js';
import { serviceFlags } from '../../config/service-config.js';
import { docker } from '../../docker/docker-cli.js';
import { bacalhauImage, bacalhauTag, productImage } from '../../docker/image-names.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import { answersHttp } from '../../lib/net/http-client.js';
import { REGIONS } from '../network.js';
import type { NetworkNeeds, NetworkPlan, PlanContext, Services } from '../provider.js';
import { proxyEnvOf } from '../sensor-secrets.js';
import type { ComposeConnection } from './compose-connection.js';
import { openEnvironment, queueVariables, readEnvironment } from './compose-env.js';
import type { ComposePlan, ComposeSettings } from './compose-plan.js';
import { choosePorts, portWishes } from './compose-ports.js';
import { nodeTokens } from './document/node-tokens.js';
import { type Project, projectName, requireOwnProject } from './engine/compose-project.js';
import { createComposeRun } from './run-compose.js';

const DEFAULT_BACALHAU = 'v1.9.3';
const LOCAL = 'http://127.0.0.1';

/**
 * Chooses the ports; nothing is started yet. The services are containers of the network, so their own `start` and
 * `stop` have nothing to do. Rejects with `PLACEHOLDER`, `PORT_IN_USE`, `CREDENTIALS_MISSING`, `QUEUE_NOT_REACHABLE`.
 */
export async function planCompose(resolved: Resolved, context: PlanContext): Promise<NetworkPlan<ComposeConnection>> {
  const settings = composeSettings(resolved, context);
  const environment = openEnvironment(settings.folder);
  if (environment.made) {
    context.emit({ type: 'environment.made', file: environment.made });
  }
  const secrets = queueVariables(settings, environment);
  const image = environment.get('WASM_SENSORS_IMAGE');
  const plan: ComposePlan = {
    project: { name: projectName(environment.get('COMPOSE_PROJECT_NAME')), folder: join(context.stateDir, 'compose') },
    context,
    settings,
    ports: await choosePorts({
      wishes: settings.ports,
      get: (name) => environment.get(name),
      without: absentPorts(settings, context.registry),
      emit: context.emit,
    }),
    bacalhauVersion: bacalhauTag(environment.get('BACALHAU_VERSION') ?? DEFAULT_BACALHAU),
    image: image ?? productImage(),
    imageNamed: image !== undefined,
    backbone: environment.get('BACKBONE'),
    logLevel: environment.get('BACALHAU_LOG_LEVEL'),
    secrets: {
      ...secrets,
      WASM_SENSORS_TOKEN: context.token,
      WASM_SENSORS_VIEWER_TOKEN: settings.viewerToken ?? '',
      WASM_SENSORS_WEBHOOK: settings.webhook ?? '',
      WASM_SENSORS_ALLOWED_HOSTS: settings.allowedHosts.join(','),
      ...proxyEnvOf(context),
      ...nodeTokens(context.sensorKey, context.nodesPerRegion),
    },
  };
  const resting = new Set<string>();
  return { services: servicesOf(plan, resting), ...createComposeRun(plan, resting) };
}

const absentPorts = ({ queue }: ComposeSettings, registry: boolean) => [
  ...(queue === undefined ? [] : (['QUEUE_PORT'] as const)),
  ...(registry ? [] : (['REGISTRY_PORT'] as const)),
];

/** Estimates: of the containers that every network has, three of them Node programs, and of one edge node. */
const MEMORY_MB = 700;
const NODE_MB = 25;

/** Throws `PLACEHOLDER`, `CREDENTIALS_MISSING`, `QUEUE_NOT_REACHABLE` and `BAD_SETTING`. */
export function composeNeeds(resolved: Resolved): NetworkNeeds {
  const settings = composeSettings(resolved);
  const environment = readEnvironment(settings.folder);
  queueVariables(settings, environment);
  const get = (name: string) => environment.get(name);
  const bacalhau = get('BACALHAU_VERSION') ?? DEFAULT_BACALHAU;
  const image = get('WASM_SENSORS_IMAGE');
  const project = projectName(get('COMPOSE_PROJECT_NAME'));
  return {
    memoryMb: MEMORY_MB + NODE_MB * REGIONS.length * resolved.values.nodes,
    ports: Object.values(portWishes({ wishes: settings.ports, get, without: absentPorts(settings, false) })),
    servicesInside: true,
    docker: {
      compose: true,
      pulls: [bacalhauImage(bacalhau), bacalhauImage(bacalhau, true), ...(image === undefined ? [] : [image])],
      builds: image === undefined ? [productImage()] : [],
      requireOwnProject: (stateDir) => requireOwnProject(project, stateDir),
    },
  };
}

function composeSettings(settings: Resolved, { logging }: Pick<PlanContext, 'logging'> = {}): ComposeSettings {
  const { queue, queueEndpoint, awsRegion, webhook, viewerToken, allowedHosts } = settings.values;
  const wishes = {
    PROXY_PORT: portWish(settings, 'proxyPort', 'proxy'),
    PULLER_PORT: portWish(settings, 'pullerPort', 'puller'),
    QUEUE_PORT: portWish(settings, 'queuePort', 'queue'),
    API_PORT: portWish(settings, 'apiPort', 'API of Bacalhau'),
    NATS_PORT: portWish(settings, 'natsPort', "orchestrator's node port"),
    WEBUI_PORT: portWish(settings, 'webUiPort', 'web page of Bacalhau'),
  };
  return {
    ...(queue === undefined ? {} : { queue }),
    ...(queueEndpoint === undefined ? {} : { queueEndpoint }),
    ...(awsRegion === undefined ? {} : { awsRegion }),
    ...(webhook === undefined ? {} : { webhook }),
    ...(viewerToken === undefined ? {} : { viewerToken }),
    folder: process.cwd(),
    // Other ports come from variables of the compose file.
    ports: Object.fromEntries(Object.entries(wishes).filter(([, { explicit }]) => explicit)),
    proxyArgs: serviceFlags('proxy', { ...givenSettings(settings, ['rateLimit', 'awsRegion']), ...logging }),
    pullerArgs: serviceFlags('puller', {
      ...givenSettings(settings, [
        ...(['sinks', 'pollers', 'alertAfter', 'retention', 'minuteRetention', 'hourRetention', 'awsRegion'] as const),
      ]),
      ...logging,
    }),
    ...(logging ? { queueArgs: serviceFlags('queue', logging) } : {}),
    allowedHosts: allowedHosts ?? [],
  };
}

function servicesOf({ project, ports }: ComposePlan, resting: Set<string>): Services {
  const puller = `${LOCAL}:${ports.PULLER_PORT}`;
  return {
    endpoints: {
      proxy: `${LOCAL}:${ports.PROXY_PORT}`,
      puller,
      ...(ports.QUEUE_PORT === undefined ? {} : { queue: `${LOCAL}:${ports.QUEUE_PORT}` }),
      api: `${LOCAL}:${ports.API_PORT}`,
      webUi: `${LOCAL}:${ports.WEBUI_PORT}`,
    },
    async start() {},
    movePuller: (url) => movePuller(project, puller, { url, resting }),
    async stop() {},
  };
}

const PULLER = 'sqs-puller';
const PULLER_READY_MS = 30_000;

/** See `Services.movePuller`; `own` is the URL of the puller's container. Rejects with `PULLER_NOT_READY`. */
async function movePuller(
  { name }: Project,
  own: string,
  { url, resting }: { url: string | null; resting: Set<string> },
): Promise<string> {
  const container = `${name}-${PULLER}-1`;
  if (url !== null) {
    resting.add(PULLER);
    await docker(['stop', container]);
    return url;
  }
  await docker(['start', container]);
  resting.delete(PULLER);
  const ready = async () => (await answersHttp(`${own}/ready`)) || undefined;
  if (await waitFor(ready, { timeoutMs: PULLER_READY_MS })) return own;
  throw new AppError('PULLER_NOT_READY', `the puller's container does not answer at ${own}`, {
    hint: `See its log: docker logs ${container}.`,
  });
}
