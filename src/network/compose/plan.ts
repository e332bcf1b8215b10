/** From settings to a compose network that can be started: ports, variables, queue, images. */
import { join } from 'node:path';
import { givenSettings, type Resolved } from '../../config/resolve-settings.js';
import { serviceFlags } from '../../config/service-config.js';
import type { Settings } from '../../config/settings.js';
import { docker } from '../../docker/docker-cli.js';
import { bacalhauTag, productImage } from '../../docker/images.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import { choosePorts } from '../../lib/net/choose-port.js';
import { answersHttp } from '../../lib/net/http-client.js';
import { REGIONS } from '../network.js';
import type { NetworkNeeds, NetworkPlan, PlanContext, Services } from '../provider.js';
import { relayNeeds } from '../relays.js';
import { proxyEnvOf } from '../sensor-tokens.js';
import { type ComposePorts, makeEnvironment, portWishes, queueVariables, readEnvironment } from './compose-env.js';
import type { ComposeConnection } from './compose-network.js';
import type { ServiceArgs } from './document/compose-document.js';
import { ownTokens } from './document/node-tokens.js';
import { type Project, projectName, requireOwnProject } from './engine/compose-project.js';
import { createComposeRun } from './start.js';

export interface ComposePlan {
  project: Project;
  context: PlanContext;
  settings: Partial<Pick<Settings, 'queue' | 'queueEndpoint' | 'allowedHosts'>>;
  args: ServiceArgs;
  ports: ComposePorts;
  bacalhauVersion: string;
  image: string;
  /** The operator named the image, so it is not built here. */
  imageNamed: boolean;
  /** First three numbers of its addresses; undefined: free ones are found. */
  backbone: string | undefined;
  /** Of Bacalhau's nodes; undefined: that of the compose file. */
  logLevel: string | undefined;
  /** Variables for containers, some of which must not be written into a file. */
  secrets: Record<string, string>;
}

const DEFAULT_BACALHAU = 'v1.9.3';
const LOCAL = 'http://127.0.0.1';

/**
 * Chooses the ports; nothing is started yet. The services are containers of the network, so their own `start` and
 * `stop` have nothing to do. Rejects with `PLACEHOLDER`, `PORT_IN_USE`, `CREDENTIALS_MISSING`, `QUEUE_NOT_REACHABLE`.
 */
export async function planCompose(resolved: Resolved, context: PlanContext): Promise<NetworkPlan<ComposeConnection>> {
  const { values } = resolved;
  const folder = process.cwd();
  const environment = readEnvironment(folder);
  if (makeEnvironment(folder)) context.emit({ type: 'environment.made', file: join(folder, '.env') });
  const queue = queueVariables(values, environment);
  const image = environment.get('WASM_SENSORS_IMAGE');
  const plan: ComposePlan = {
    project: { name: projectName(environment.get('COMPOSE_PROJECT_NAME')), folder: join(context.stateDir, 'compose') },
    context,
    settings: values,
    args: serviceArgs(resolved, context),
    ports: await choosePorts(portWishes(resolved, environment, context.registry), context.emit),
    bacalhauVersion: bacalhauTag(environment.get('BACALHAU_VERSION') ?? DEFAULT_BACALHAU),
    image: image ?? productImage(),
    imageNamed: image !== undefined,
    backbone: environment.get('BACKBONE'),
    logLevel: environment.get('BACALHAU_LOG_LEVEL'),
    secrets: {
      ...queue,
      WASM_SENSORS_TOKEN: context.token,
      WASM_SENSORS_VIEWER_TOKEN: values.viewerToken ?? '',
      WASM_SENSORS_WEBHOOK: values.webhook ?? '',
      WASM_SENSORS_ALLOWED_HOSTS: (values.allowedHosts ?? []).join(','),
      ...proxyEnvOf(context),
      ...ownTokens(context.sensorKey, context),
    },
  };
  const resting = new Set<string>();
  return { services: servicesOf(plan, resting), ...createComposeRun(plan, resting) };
}

function serviceArgs(settings: Resolved, { logging }: PlanContext): ServiceArgs {
  const ofPuller = ['sinks', 'pollers', 'alertAfter', 'retention', 'minuteRetention', 'hourRetention'] as const;
  return {
    'sqs-proxy': serviceFlags({ ...givenSettings(settings, ['rateLimit', 'awsRegion']), ...logging }),
    'sqs-puller': serviceFlags({ ...givenSettings(settings, [...ofPuller, 'awsRegion']), ...logging }),
    queue: serviceFlags(logging ?? {}),
    relay: serviceFlags({ ...givenSettings(settings, ['rateLimit']), ...logging }),
  };
}

/** Estimates: of the containers that every network has, three of them Node programs, and of one edge node. */
const MEMORY_MB = 700;
const NODE_MB = 25;

/** Throws `PLACEHOLDER`, `CREDENTIALS_MISSING`, `QUEUE_NOT_REACHABLE` and `BAD_SETTING`. */
export function composeNeeds(settings: Resolved): NetworkNeeds {
  const environment = readEnvironment(process.cwd());
  queueVariables(settings.values, environment);
  const project = projectName(environment.get('COMPOSE_PROJECT_NAME'));
  return {
    memoryMb: MEMORY_MB + NODE_MB * REGIONS.length * settings.values.nodes + relayNeeds(settings).memoryMb,
    ports: Object.values(portWishes(settings, environment, false)),
    servicesInside: true,
    requireOwnProject: (stateDir) => requireOwnProject(project, stateDir),
  };
}

const PULLER = 'sqs-puller';
const PULLER_READY_MS = 30_000;

/** @param resting services that are stopped on purpose */
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
