/** The ports of a native network that people and programs know by number. */

import { takePorts } from '../../lib/net/take-ports.js';
import type { NetworkEvent } from '../provider.js';

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

/** As {@link takePorts}, with the ports by which they are known as defaults. */
export function choosePorts(wanted: WantedPorts, emit: (event: NetworkEvent) => void): Promise<NativePorts> {
  const wish = (name: keyof NativePorts) => ({ ...KNOWN[name], explicit: false, ...wanted[name] });
  return takePorts({ api: wish('api'), nats: wish('nats'), webUi: wish('webUi') }, emit);
}
