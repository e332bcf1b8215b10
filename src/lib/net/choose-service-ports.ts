/** Chooses the ports of all services of a network, so that no two get the same. */
import { AppError } from '../errors/app-error.js';
import { choosePort, freePort, type PortWish } from './choose-port.js';

/** A busy default port that was replaced by a free one. */
export interface PortMoved {
  type: 'network.port-moved';
  purpose: string;
  wanted: number;
  port: number;
}

/** `host`: the address to listen on; loopback by default. */
export type HostedWish = PortWish & { host?: string };

/**
 * A busy default moves, which is reported. Rejects with `PORT_IN_USE` for a busy explicit port, and with `SAME_PORT` for
 * an explicit port that another service has, too. Port 0 is any free one.
 */
export async function chooseServicePorts<Name extends string>(
  wishes: Record<Name, HostedWish>,
  onMoved: (moved: PortMoved) => void,
): Promise<Record<Name, number>> {
  const taken = new Map<number, PortWish>();
  const chosen: Partial<Record<Name, number>> = {};
  const names = Object.keys(wishes) as Name[];
  // Explicit ports come first; the default port of another service moves.
  for (const name of [...names.filter((n) => wishes[n].explicit), ...names.filter((n) => !wishes[n].explicit)]) {
    const { host, ...wish } = wishes[name];
    const other = wish.port === 0 ? undefined : taken.get(wish.port);
    if (other && wish.explicit) {
      throw new AppError('SAME_PORT', `the ${other.purpose} and the ${wish.purpose} have the same port ${wish.port}`, {
        hint: `Change one of them with ${other.flag} or ${wish.flag}.`,
      });
    }
    let { port, moved } = other ? { port: other.port, moved: true } : await choosePort(wish, host);
    // A free port may have been chosen a moment ago, for a service that has not bound it yet.
    while (taken.has(port)) port = await freePort(host);
    taken.set(port, wish);
    if (moved) onMoved({ type: 'network.port-moved', purpose: wish.purpose, wanted: wish.port, port });
    chosen[name] = port;
  }
  return chosen as Record<Name, number>;
}
