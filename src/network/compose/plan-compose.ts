/** From settings to a compose network that can be started: ports, variables, queue, images. */
import { join } from 'node:path';
import { bacalhauTag, productImage } from '../../docker/image-names.js';

import type { NetworkPlan, Services } from '../provider.js';
import type { ComposeConnection } from './compose-connection.js';
import { openEnvironment } from './compose-env.js';
import type { ComposePlan, ComposeSettings } from './compose-plan.js';
import { choosePorts } from './compose-ports.js';
import { projectName } from './compose-project.js';
import { movePuller } from './puller-container.js';
import { queueVariables } from './queue-variables.js';
import { createComposeRun } from './run-compose.js';

const DEFAULT_BACALHAU = 'v1.9.3';
const LOCAL = 'http://127.0.0.1';

/**
 * Chooses the ports; nothing is started yet. The services are containers of the network, so their own `start` and
 * `stop` have nothing to do. Rejects with `PLACEHOLDER`, `PORT_IN_USE`, `CREDENTIALS_MISSING`, `QUEUE_NOT_REACHABLE`.
 */
export async function planCompose(
  context: ComposePlan['context'],
  settings: ComposeSettings,
): Promise<NetworkPlan<ComposeConnection>> {
  const environment = openEnvironment(settings.folder);
  if (environment.made) {
    context.emit({ type: 'network.note', text: `made ${environment.made}; with it empty, the embedded queue is used` });
  }
  const secrets = queueVariables(settings, environment);
  const given = environment.get('WASM_SENSORS_IMAGE');
  const plan: ComposePlan = {
    project: { name: projectName(environment.get('COMPOSE_PROJECT_NAME')), folder: join(context.stateDir, 'compose') },
    context,
    settings,
    ports: await choosePorts({
      wishes: settings.ports,
      get: (name) => environment.get(name),
      without: [
        ...(settings.queue === undefined ? [] : (['QUEUE_PORT'] as const)),
        ...(context.registry ? [] : (['REGISTRY_PORT'] as const)),
      ],
      emit: context.emit,
    }),
    bacalhauVersion: bacalhauTag(environment.get('BACALHAU_VERSION') ?? DEFAULT_BACALHAU),
    image: given ?? productImage(),
    imageNamed: given !== undefined,
    backbone: environment.get('BACKBONE'),
    logLevel: environment.get('BACALHAU_LOG_LEVEL'),
    secrets: {
      ...secrets,
      WASM_SENSORS_TOKEN: context.token,
      WASM_SENSORS_WEBHOOK: settings.webhook ?? '',
      WASM_SENSORS_ALLOWED_HOSTS: settings.allowedHosts.join(','),
      ...context.sensorEnv,
    },
  };
  const { ports } = plan;
  const services: Services = {
    endpoints: {
      proxy: `${LOCAL}:${ports.PROXY_PORT}`,
      puller: `${LOCAL}:${ports.PULLER_PORT}`,
      ...(ports.QUEUE_PORT === undefined ? {} : { queue: `${LOCAL}:${ports.QUEUE_PORT}` }),
      api: `${LOCAL}:${ports.API_PORT}`,
      webUi: `${LOCAL}:${ports.WEBUI_PORT}`,
    },
    async start() {},
    movePuller: (url) => movePuller(plan.project, `${LOCAL}:${ports.PULLER_PORT}`, url),
    async stop() {},
  };
  return { services, ...createComposeRun(plan) };
}
