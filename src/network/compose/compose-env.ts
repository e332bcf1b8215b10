/** The operator's variables: from `.env`, which is made once and never changed, and from the process. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { type PortKey, portWish, type Resolved } from '../../config/resolve-settings.js';
import type { Settings } from '../../config/settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import { readIfExists, writeFileAtomic } from '../../lib/fs/durable-files.js';
import { keepToken } from '../../lib/net/bearer-token.js';
import { isLoopback } from '../../lib/net/browser-guard.js';
import type { PortWish } from '../../lib/net/choose-port.js';
import { withoutSecrets } from '../../lib/net/url-secrets.js';
import { packageRoot } from '../../lib/process/self-command.js';
import type { ComposePlan } from './compose-provider.js';

/** What templates hold for people to replace. */
const PLACEHOLDER =
  /^(.*<[a-z][\w -]*>.*|\$\{.*\}|your[-_ ].*|.*[-_]here|change[-_ ]?me|replace[-_ ]?me|todo|xxx+|\.\.\.|AKIAIOSFODNN7EXAMPLE|.*EXAMPLEKEY|.*\/123456789012\/your-.*)$/i;

/** A variable's value, from the process or else from the file; an empty one counts as not set. */
export type Environment = (name: string) => string | undefined;

const fileOf = (folder: string) => join(folder, '.env');

/** Makes `.env` in the folder when there is none; whether it was made. */
export function makeEnvironment(folder: string): boolean {
  if (existsSync(fileOf(folder))) return false;
  writeFileAtomic(fileOf(folder), readFileSync(`${packageRoot}templates/env.template`, 'utf8'), 0o600);
  return true;
}

/** Rejects with `PLACEHOLDER`, naming variables and never their values. */
export function readEnvironment(folder: string): Environment {
  const path = fileOf(folder);
  const values = parse(readIfExists(path) ?? '');
  refusePlaceholders(
    path,
    Object.keys(values).filter((name) => PLACEHOLDER.test(values[name]!)),
  );
  return (name) => {
    const given = process.env[name];
    if (given && PLACEHOLDER.test(given)) refusePlaceholders('the environment', [name]);
    return given || values[name] || undefined;
  };
}

function refusePlaceholders(where: string, names: string[]): void {
  if (names.length === 0) return;
  throw new AppError(
    'PLACEHOLDER',
    `${where}: ${names.join(', ')} still ${names.length > 1 ? 'have their' : 'has its'} placeholder`,
    { hint: 'Put the real values there, or leave them empty: without a queue URL an embedded queue is used.' },
  );
}

/**
 * Which queue the containers use, and their credentials. With the embedded queue they get none of the operator's. Throws
 * `QUEUE_NOT_REACHABLE` and `CREDENTIALS_MISSING`.
 */
export function queueVariables(
  { queue, queueEndpoint, awsRegion }: Partial<Pick<Settings, 'queue' | 'queueEndpoint' | 'awsRegion'>>,
  environment: Environment,
): Record<string, string> {
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
    throw new AppError(
      'QUEUE_NOT_REACHABLE',
      `containers can't reach ${withoutSecrets(url)}: to a container, that name is the container itself`,
      { hint: 'Name this machine as containers know it, such as host.docker.internal, or omit the queue.' },
    );
  }
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
  const found = Object.fromEntries(names.map((name) => [name, environment(name) ?? '']));
  const foreign = queueEndpoint !== undefined || (URL.canParse(queue) && !/amazonaws\.com/.test(new URL(queue).host));
  if (!foreign && !(found.AWS_ACCESS_KEY_ID && found.AWS_SECRET_ACCESS_KEY)) {
    throw new AppError(
      'CREDENTIALS_MISSING',
      'containers need AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for an Amazon queue',
      { hint: 'Put them into .env; containers see no profiles and logins of this machine.' },
    );
  }
  return { ...found, AWS_REGION: awsRegion ?? '', AWS_ENDPOINT_URL_SQS: queueEndpoint ?? '', SQS_QUEUE_URL: queue };
}

/** Where the puller keeps readings, and the password of a server in the network, which is kept in the state folder. Throws `BAD_SETTING`. */
export function storeVariables(
  { store }: Pick<Settings, 'store'>,
  environment: Environment,
  stateDir: string,
): Record<string, string> {
  if (store === 'postgres') {
    return { POSTGRES_PASSWORD: environment('POSTGRES_PASSWORD') ?? keepToken(join(stateDir, 'postgres-password')) };
  }
  if (store !== 'sqlite' && isLoopback(new URL(store).hostname)) {
    throw new AppError('BAD_SETTING', `store: containers can't reach ${withoutSecrets(store)}`, {
      hint: 'Name this machine as containers know it, such as host.docker.internal, or omit the URL: --store postgres.',
    });
  }
  return { WASM_SENSORS_STORE: store };
}

/** Without the ports of services that this network does not have. */
export type ComposePorts = { [Name in keyof ReturnType<typeof portWishes>]: number };

/** By the variables of `templates/compose.yaml` that set them. Throws `BAD_SETTING`. */
export function portWishes(settings: Resolved, environment: Environment, registry: boolean) {
  /** `usual`: the setting that may set it instead, or the default. */
  const wish = (flag: string, purpose: string, usual: PortKey | number): PortWish => {
    const set = typeof usual === 'number' ? { port: usual, explicit: false } : portWish(settings, usual, purpose);
    const given = environment(flag);
    if (set.explicit || given === undefined) return { purpose, flag, ...set };
    if (/^\d+$/.test(given) && Number(given) <= 65_535) return { port: Number(given), explicit: true, purpose, flag };
    throw new AppError('BAD_SETTING', `${flag}: ${JSON.stringify(given)} is not a port number`);
  };
  return {
    PROXY_PORT: wish('PROXY_PORT', 'proxy', 'proxyPort'),
    PULLER_PORT: wish('PULLER_PORT', 'puller', 'pullerPort'),
    ...(settings.values.queue === undefined ? { QUEUE_PORT: wish('QUEUE_PORT', 'queue', 'queuePort') } : {}),
    API_PORT: wish('API_PORT', 'API of Bacalhau', 'apiPort'),
    NATS_PORT: wish('NATS_PORT', "orchestrator's node port", 'natsPort'),
    WEBUI_PORT: wish('WEBUI_PORT', 'web page of Bacalhau', 'webUiPort'),
    PROXY_JOB_PORT: wish('PROXY_JOB_PORT', 'proxy as a service job', 8080),
    PULLER_JOB_PORT: wish('PULLER_JOB_PORT', 'puller as a service job', 8081),
    ...(registry ? { REGISTRY_PORT: wish('REGISTRY_PORT', 'registry', 5000) } : {}),
  };
}

/** Writes the values of the plan that are not secret into the `.env` of the compose file. */
export function writeVariables(plan: ComposePlan, backbone: string): void {
  const { project, ports, bacalhauVersion, image, logLevel } = plan;
  const values = {
    COMPOSE_PROJECT_NAME: project.name,
    BACALHAU_VERSION: bacalhauVersion,
    WASM_SENSORS_IMAGE: image,
    BACKBONE: backbone,
    ...(logLevel === undefined ? {} : { BACALHAU_LOG_LEVEL: logLevel }),
    ...ports,
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const text = ['# Made by `wasm-sensors up`; holds no secrets.', ...lines, ''].join('\n');
  writeFileAtomic(join(project.folder, '.env'), text, 0o644);
}
