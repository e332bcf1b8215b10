/** The ports of this machine under which the network's services are reached. */
import { usageError } from '../../core/errors.js';
import { choosePort, type PortWish } from '../../lib/ports.js';
import type { NetworkEvent } from '../runner.js';

/** By the variable of `templates/compose.yaml` that sets it. */
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
export type ComposePorts = Record<PortName, number>;

/**
 * Chooses a port for each; wishes come from settings, others from variables (`get`). A busy default moves, a
 * busy explicit one rejects with `PORT_IN_USE`.
 */
export async function choosePorts(
  wishes: Partial<Record<PortName, PortWish>>,
  get: (name: PortName) => string | undefined,
  emit: (event: NetworkEvent) => void,
): Promise<ComposePorts> {
  const chosen: Partial<ComposePorts> = {};
  for (const name of Object.keys(PURPOSES) as PortName[]) {
    const wish = wishes[name] ?? wishFrom(name, get(name));
    const { port, moved } = await choosePort(wish);
    if (moved) emit({ type: 'network.port-moved', purpose: wish.purpose, wanted: wish.port, port });
    chosen[name] = port;
  }
  return chosen as ComposePorts;
}

function wishFrom(name: PortName, given: string | undefined): PortWish {
  const { port, purpose } = PURPOSES[name];
  if (given === undefined) return { port, explicit: false, purpose, flag: name };
  if (!/^\d+$/.test(given) || Number(given) > 65_535) {
    throw usageError('BAD_SETTING', `${name}: ${JSON.stringify(given)} is not a port number`);
  }
  return { port: Number(given), explicit: true, purpose, flag: name };
}
