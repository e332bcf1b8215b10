/** From settings to a compose network that can be started: ports, variables, queue, images. */
import { join } from 'node:path';
import { usageError } from '../../core/errors.js';
import { isLoopback } from '../../lib/browser-guard.js';
import { writeFileAtomic } from '../../lib/files.js';
import { type Centre, QUEUE_NAME } from '../centre.js';
import { bacalhauTag, productImage } from '../images/names.js';
import type { NetworkRunner, RunnerContext } from '../runner.js';
import { type Environment, openEnvironment } from './environment.js';
import { type ComposePorts, choosePorts, type PortName } from './ports.js';
import { type Project, projectName } from './project.js';
import { createComposeRunner } from './runner.js';

export interface ComposeSettings {
  /** Where `.env` is. */
  folder: string;
  ports: Parameters<typeof choosePorts>[0];
  /** An existing queue (URL or name); left out, the network runs its own. */
  queue?: string;
  queueEndpoint?: string;
  proxyArgs: string[];
  pullerArgs: string[];
  /** Runs a registry, too, for images that were built here. */
  registry: boolean;
}

export interface ComposePlan {
  project: Project;
  context: Omit<RunnerContext, 'proxyUrl'>;
  settings: ComposeSettings;
  ports: ComposePorts;
  bacalhauVersion: string;
  image: string;
  /** The image was named, and is not to be built here. */
  imageNamed: boolean;
  /** Left out: a free one is chosen. */
  backbone: string | undefined;
  /** Variables for containers that no file shall hold. */
  secrets: Record<string, string>;
}

const DEFAULT_BACALHAU = 'v1.9.3';
const LOCAL = 'http://127.0.0.1';

/**
 * Chooses the ports; nothing is started yet. The centre is part of the network here, so its own `start` and `stop` have
 * nothing to do. Rejects with `PLACEHOLDER`, `PORT_IN_USE`, `CREDENTIALS_MISSING`, `QUEUE_NOT_REACHABLE`.
 */
export async function planCompose(
  context: ComposePlan['context'],
  settings: ComposeSettings,
): Promise<{ centre: Centre; runner: NetworkRunner }> {
  const environment = openEnvironment(settings.folder);
  if (environment.made) {
    context.emit({ type: 'network.note', text: `made ${environment.made}; with it empty, the embedded queue is used` });
  }
  const secrets = queueVariables(settings, environment);
  const given = environment.get('WASM_SENSORS_IMAGE');
  const plan: ComposePlan = {
    project: { name: projectName(), folder: join(context.stateDir, 'compose') },
    context,
    settings,
    ports: await choosePorts(settings.ports, (name) => environment.get(name), context.emit),
    bacalhauVersion: bacalhauTag(environment.get('BACALHAU_VERSION') ?? DEFAULT_BACALHAU),
    image: given ?? productImage(),
    imageNamed: given !== undefined,
    backbone: environment.get('BACKBONE'),
    secrets: { ...secrets, WASM_SENSORS_TOKEN: context.token, ...context.sensorEnv },
  };
  const { ports } = plan;
  const centre: Centre = {
    endpoints: {
      proxy: `${LOCAL}:${ports.PROXY_PORT}`,
      puller: `${LOCAL}:${ports.PULLER_PORT}`,
      ...(settings.queue === undefined ? { queue: `${LOCAL}:${ports.QUEUE_PORT}` } : {}),
      api: `${LOCAL}:${ports.API_PORT}`,
      webUi: `${LOCAL}:${ports.WEBUI_PORT}`,
    },
    async start() {},
    async stop() {},
  };
  return { centre, runner: createComposeRunner(plan) };
}

/** The variables that say which queue it is. With the embedded one, no credentials of the operator enter containers. */
function queueVariables({ queue, queueEndpoint }: ComposeSettings, environment: Environment): Record<string, string> {
  if (queue === undefined) {
    return {
      AWS_ACCESS_KEY_ID: 'embedded',
      AWS_SECRET_ACCESS_KEY: 'embedded',
      AWS_SESSION_TOKEN: '',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_SQS: '',
      SQS_QUEUE_URL: '',
    };
  }
  for (const url of [queue, queueEndpoint ?? '']) {
    if (!URL.canParse(url) || !isLoopback(new URL(url).hostname)) continue;
    throw usageError(
      'QUEUE_NOT_REACHABLE',
      `containers can't reach ${url}: to them, that name is themselves`,
      'Name this machine as containers know it, such as host.docker.internal, or leave the queue out.',
    );
  }
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION'];
  const found = Object.fromEntries(names.map((name) => [name, environment.get(name) ?? '']));
  const foreign = queueEndpoint !== undefined || (URL.canParse(queue) && !/amazonaws\.com/.test(new URL(queue).host));
  if (!foreign && !(found.AWS_ACCESS_KEY_ID && found.AWS_SECRET_ACCESS_KEY)) {
    throw usageError(
      'CREDENTIALS_MISSING',
      'containers need AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for an Amazon queue',
      'Put them into .env; profiles and logins of this machine do not reach into containers.',
    );
  }
  return { ...found, AWS_ENDPOINT_URL_SQS: queueEndpoint ?? '', SQS_QUEUE_URL: queue };
}

/** The queue as service jobs reach it: by address, for they do not know this network's names. */
export function queueForJobs({ settings }: ComposePlan, backbone: string): string {
  return settings.queue ?? `http://${backbone}.10:9324/000000000000/${QUEUE_NAME}`;
}

/** Writes the settled values that are no secrets next to the compose file, where compose looks for them. */
export function writeVariables({ project, ports, bacalhauVersion, image }: ComposePlan, backbone: string): void {
  const values = {
    COMPOSE_PROJECT_NAME: project.name,
    BACALHAU_VERSION: bacalhauVersion,
    WASM_SENSORS_IMAGE: image,
    BACKBONE: backbone,
    ...Object.fromEntries((Object.keys(ports) as PortName[]).map((name) => [name, ports[name]])),
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const text = ['# Made by `wasm-sensors up`; holds no secrets.', ...lines, ''].join('\n');
  writeFileAtomic(join(project.folder, '.env'), text, 0o644);
}
