/** The ports of this machine on which the network's services listen. */
import { AppError } from '../../lib/errors/app-error.js';
import type { PortWish } from '../../lib/net/choose-port.js';
import { chooseServicePorts } from '../../lib/net/choose-service-ports.js';
import type { NetworkEvent } from '../provider.js';

/** By the variable of `templates/compose.yaml` that sets them. */
const PURPOSES = {
  PROXY_PORT: { port: 9090, purpose: 'proxy' },
  PULLER_PORT: { port: 9091, purpose: 'puller' },
  QUEUE_PORT: { port: 9324, purpose: 'queue' },
  API_PORT: { port: 1234, purpose: 'API of Bacalhau' },
  NATS_PORT: { port: 4222, purpose: "orchestrator's node port" },
  WEBUI_PORT: { port: 8438, purpose: 'web page of Bacalhau' },
  PROXY_JOB_PORT: { port: 8080, purpose: 'proxy as a service job' },
  PULLER_JOB_PORT: { port: 8081, purpose: 'puller as a service job' },
  REGISTRY_PORT: { port: 5000, purpose: 'registry' },
} as const;

export type PortName = keyof typeof PURPOSES;
/** Without the ports of services that this network does not have. */
export type ComposePorts = Record<Exclude<PortName, Optional>, number> & Partial<Record<Optional, number>>;
type Optional = 'QUEUE_PORT' | 'REGISTRY_PORT';

export interface PortOptions {
  /** What settings ask for; others come from variables (`get`). */
  wishes: Partial<Record<PortName, PortWish>>;
  get(name: PortName): string | undefined;
  /** Ports of services that this network does not have. */
  without: Optional[];
  emit(event: NetworkEvent): void;
}

/** A default port that is in use is replaced by a free one. Rejects with `PORT_IN_USE`, `SAME_PORT` and `BAD_SETTING`. */
export async function choosePorts(options: PortOptions): Promise<ComposePorts> {
  return (await chooseServicePorts(portWishes(options), options.emit)) as ComposePorts;
}

/** By variable. Throws `BAD_SETTING`. */
export function portWishes({ wishes, get, without }: Omit<PortOptions, 'emit'>): Record<string, PortWish> {
  const names = (Object.keys(PURPOSES) as PortName[]).filter((name) => !without.some((absent) => absent === name));
  return Object.fromEntries(names.map((name) => [name, wishes[name] ?? wishFrom(name, get(name))]));
}

function wishFrom(name: PortName, given: string | undefined): PortWish {
  const { port, purpose } = PURPOSES[name];
  if (given === undefined) return { port, explicit: false, purpose, flag: name };
  if (!/^\d+$/.test(given) || Number(given) > 65_535) {
    throw new AppError('BAD_SETTING', `${name}: ${JSON.stringify(given)} is not a port number`);
  }
  return { port: Number(given), explicit: true, purpose, flag: name };
}
