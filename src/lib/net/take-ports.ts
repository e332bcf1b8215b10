/** Chooses the ports of all services of a network, so that no two get the same. */

import { usageError } from '../errors/app-error.js';
import { choosePort, freePort, type PortWish } from './ports.js';

/** A busy default port that another one took the place of. */
export interface PortMoved {
  type: 'network.port-moved';
  purpose: string;
  wanted: number;
  port: number;
}

/** `host`: the address it is for; loopback by default. */
export type HostedWish = PortWish & { host?: string };

/**
 * A busy default moves, which is said; a busy explicit one rejects with `PORT_IN_USE`, and one that was asked for twice
 * with `SAME_PORT`. Port 0 is any free one.
 */
export async function takePorts<Name extends string>(
  wishes: Record<Name, HostedWish>,
  onMoved: (moved: PortMoved) => void,
): Promise<Record<Name, number>> {
  const taken = new Map<number, PortWish>();
  const chosen: Partial<Record<Name, number>> = {};
  const names = Object.keys(wishes) as Name[];
  // What was asked for comes first: a default of another service gives way to it.
  for (const name of [...names.filter((n) => wishes[n].explicit), ...names.filter((n) => !wishes[n].explicit)]) {
    const { host, ...wish } = wishes[name];
    const other = wish.port === 0 ? undefined : taken.get(wish.port);
    if (other && wish.explicit) {
      throw usageError(
        'SAME_PORT',
        `port ${wish.port} is wanted for the ${other.purpose} and for the ${wish.purpose}`,
        `Give one of them another port with ${other.flag} or ${wish.flag}.`,
      );
    }
    let { port, moved } = other ? { port: other.port, moved: true } : await choosePort(wish, host);
    // A free one may be one that was given just before: nobody holds it yet.
    while (taken.has(port)) port = await freePort(host);
    taken.set(port, wish);
    if (moved) onMoved({ type: 'network.port-moved', purpose: wish.purpose, wanted: wish.port, port });
    chosen[name] = port;
  }
  return chosen as Record<Name, number>;
}
