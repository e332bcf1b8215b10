/** The ports of this machine on which the network's services listen. */
import { type PortKey, portWish, type Resolved } from '../../config/resolve-settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { PortWish } from '../../lib/net/choose-port.js';
import type { Environment } from './compose-env.js';

/** Without the ports of services that this network does not have. */
export type ComposePorts = { [Name in keyof ReturnType<typeof portWishes>]: number };

/** By the variables of `templates/compose.yaml` that set them. Throws `BAD_SETTING`. */
export function portWishes(settings: Resolved, { get }: Environment, registry: boolean) {
  /** `usual`: the setting that may set it instead, or the default. */
  const wish = (flag: string, purpose: string, usual: PortKey | number): PortWish => {
    const set = typeof usual === 'number' ? { port: usual, explicit: false } : portWish(settings, usual, purpose);
    const given = get(flag);
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
