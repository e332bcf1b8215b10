/** Chooses TCP ports: a busy default port moves, a busy explicit port is an error. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { AppError, messageOf } from '../errors/app-error.js';

export interface PortWish {
  /** 0: any free one. */
  port: number;
  /** The address to listen on; loopback by default. */
  host?: string;
  /** True when the operator asked for this port. */
  explicit: boolean;
  /** The service behind the port, for messages. */
  purpose: string;
  /** The flag or setting that sets it, such as `--port`. */
  flag: string;
}

/** A busy default port that was replaced by a free one. */
export interface PortMoved {
  type: 'network.port-moved';
  purpose: string;
  wanted: number;
  port: number;
}

/**
 * The ports of all services of a network, no two the same. A busy default moves, which is reported. Rejects with
 * `PORT_IN_USE` for a busy explicit port, and with `SAME_PORT` for an explicit one that another service has, too.
 */
export async function choosePorts<Wishes extends { [Name in keyof Wishes]?: PortWish }>(
  wishes: Wishes,
  onMoved: (moved: PortMoved) => void,
): Promise<{ [Name in keyof Wishes]: number }> {
  const taken = new Map<number, PortWish>();
  const chosen: Record<string, number> = {};
  // Explicit ports come first; the default port of another service moves.
  const inOrder = Object.entries<PortWish | undefined>(wishes)
    .flatMap(([name, wish]): [string, PortWish][] => (wish ? [[name, wish]] : []))
    .sort(([, a], [, b]) => Number(b.explicit) - Number(a.explicit));
  for (const [name, wish] of inOrder) {
    const { port: wanted, host = '127.0.0.1', explicit, purpose, flag } = wish;
    const other = wanted === 0 ? undefined : taken.get(wanted);
    if (other && explicit) {
      throw new AppError('SAME_PORT', `the ${other.purpose} and the ${purpose} have the same port ${wanted}`, {
        hint: `Change one of them with ${other.flag} or ${flag}.`,
      });
    }
    let port = wanted === 0 || other ? undefined : await probePort(wanted, host);
    if (port === undefined && explicit && wanted !== 0) throw portInUse(wanted, host, purpose, flag);
    // A free port may have been chosen a moment ago, for a service that has not bound it yet.
    while (port === undefined || taken.has(port)) port = await freePort(host);
    taken.set(port, wish);
    if (wanted !== 0 && port !== wanted) onMoved({ type: 'network.port-moved', purpose, wanted, port });
    chosen[name] = port;
  }
  return chosen as { [Name in keyof Wishes]: number };
}

/**
 * Binds a port for a moment. Resolves with that port (a free one for 0), or undefined when it is busy; rejects with
 * `LISTEN_FAILED` when it can't be bound for another reason.
 */
export function probePort(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(listenFailed(port, host, error)),
    );
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}

/**
 * Above 10,080, which `fetch` and browsers refuse. Below the ports of outgoing connections (from 32,768 on), any of which
 * could take a free port before it is bound.
 */
const FIRST_FREE = 10_081;
const LAST_FREE = 23_999;
const TRIES = 50;

/** A free port that is likely to stay free until it is bound. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await probePort(randomInt(FIRST_FREE, LAST_FREE + 1), host);
    if (found !== undefined) return found;
  }
  const port = await probePort(0, host);
  if (port === undefined) throw new AppError('NO_FREE_PORT', `no free TCP port on ${host}`);
  return port;
}

/** As many different ports as asked for, as {@link freePort} finds them. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) found.add(await freePort());
  return [...found];
}

/** A port can't be bound though it is free: this machine has no such address, or this user no right to the port. */
export function listenFailed(port: number, host: string, cause: Error): AppError {
  return new AppError('LISTEN_FAILED', `can't listen on ${host}:${port}: ${messageOf(cause)}`, { cause });
}

export function portInUse(port: number, host: string, purpose: string, flag: string): AppError {
  return new AppError('PORT_IN_USE', `${purpose}: port ${port} on ${host} is in use`, {
    hint: `Use ${flag}, or stop the process that holds port ${port}.`,
  });
}
