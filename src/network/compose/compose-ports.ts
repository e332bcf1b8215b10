/** The ports of this machine on which the network's services listen. */
import { type PortKey, portWish, type Resolved } from '../../config/resolve-settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import { choosePorts as choose, type PortWish } from '../../lib/net/choose-port.js';
import type { PlanContext } from '../provider.js';
import type { Environment } from './compose-env.js';

/** By the variable of `templates/compose.yaml` that sets them: the setting that may set it instead, or the default. */
const PORTS = {
  PROXY_PORT: { setting: 'proxyPort', purpose: 'proxy' },
  PULLER_PORT: { setting: 'pullerPort', purpose: 'puller' },
  QUEUE_PORT: { setting: 'queuePort', purpose: 'queue' },
  API_PORT: { setting: 'apiPort', purpose: 'API of Bacalhau' },
  NATS_PORT: { setting: 'natsPort', purpose: "orchestrator's node port" },
  WEBUI_PORT: { setting: 'webUiPort', purpose: 'web page of Bacalhau' },
  PROXY_JOB_PORT: { port: 8080, purpose: 'proxy as a service job' },
  PULLER_JOB_PORT: { port: 8081, purpose: 'puller as a service job' },
  REGISTRY_PORT: { port: 5000, purpose: 'registry' },
} as const;

export type PortName = keyof typeof PORTS;
type Optional = 'QUEUE_PORT' | 'REGISTRY_PORT';
/** Without the ports of services that this network does not have. */
export type ComposePorts = Record<Exclude<PortName, Optional>, number> & Partial<Record<Optional, number>>;

/** A default port that is in use is replaced by a free one. Rejects with `PORT_IN_USE`, `SAME_PORT` and `BAD_SETTING`. */
export async function choosePorts(
  settings: Resolved,
  environment: Pick<Environment, 'get'>,
  { registry, emit }: Pick<PlanContext, 'registry' | 'emit'>,
): Promise<ComposePorts> {
  return (await choose(portWishes(settings, environment, registry), emit)) as ComposePorts;
}

/** By variable. Throws `BAD_SETTING`. */
export function portWishes(
  settings: Resolved,
  { get }: Pick<Environment, 'get'>,
  registry: boolean,
): Record<string, PortWish> {
  const { QUEUE_PORT, REGISTRY_PORT, ...others } = PORTS;
  const here: Record<string, { setting?: PortKey; port?: number; purpose: string }> = {
    ...others,
    ...(settings.values.queue === undefined ? { QUEUE_PORT } : {}),
    ...(registry ? { REGISTRY_PORT } : {}),
  };
  const wishes = Object.entries(here).map(([name, { setting, port = 0, purpose }]): [string, PortWish] => {
    const wish = setting && portWish(settings, setting, purpose);
    return [name, wish?.explicit ? wish : wishFrom({ port: wish?.port ?? port, purpose, flag: name }, get(name))];
  });
  return Object.fromEntries(wishes);
}

/** What a variable asks for, if it is set. */
function wishFrom(wish: Omit<PortWish, 'explicit'>, given: string | undefined): PortWish {
  if (given === undefined) return { ...wish, explicit: false };
  if (!/^\d+$/.test(given) || Number(given) > 65_535) {
    throw new AppError('BAD_SETTING', `${wish.flag}: ${JSON.stringify(given)} is not a port number`);
  }
  return { ...wish, port: Number(given), explicit: true };
}
