/** The ports of a native network that people and programs know by number. */
import { choosePort } from '../../lib/ports.js';
import type { NetworkEvent } from '../runner.js';

/** A port that the operator may have asked for. */
export interface WantedPort {
  port: number;
  explicit: boolean;
}

export interface NativePorts {
  /** REST API of the orchestrator. */
  api: number;
  /** Where nodes connect. */
  nats: number;
  webUi: number;
}

export type WantedPorts = Partial<Record<keyof NativePorts, WantedPort>>;

const KNOWN = {
  api: { port: 1234, purpose: 'API of Bacalhau', flag: '--api-port' },
  nats: { port: 4222, purpose: "orchestrator's node port", flag: '--nats-port' },
  webUi: { port: 8438, purpose: 'web page of Bacalhau', flag: '--webui-port' },
};

/** A busy default moves and says so; a busy port that was asked for rejects with `PORT_IN_USE`. */
export async function choosePorts(wanted: WantedPorts, emit: (event: NetworkEvent) => void): Promise<NativePorts> {
  const choose = async (name: keyof NativePorts) => {
    const { purpose, flag } = KNOWN[name];
    const wish = wanted[name] ?? { port: KNOWN[name].port, explicit: false };
    const { port, moved } = await choosePort({ ...wish, purpose, flag });
    if (moved) emit({ type: 'network.port-moved', purpose, wanted: wish.port, port });
    return port;
  };
  return { api: await choose('api'), nats: await choose('nats'), webUi: await choose('webUi') };
}
