/**
 * A TCP forwarder that can be cut: the link between a region and something outside it. While it is cut, every connection is
 * reset at once, as through a broken network, and neither end is paused. It keeps its port: other programs, or links
 * of another network on this machine, could take a closed one.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../lib/net/browser-guard.js';

export interface LinkTarget {
  host: string;
  port: number;
}

/** More than one reading with its headers, less than the batches in which a sensor sends what it kept. */
const BULK_BYTES = 2048;

export class Link {
  /** When more than a single reading was last sent to the target at once: Unix milliseconds, 0 for never. */
  bulkAt = 0;
  /** False while it is cut. */
  isOpen = true;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ noDelay: true }, (near) =>
    this.isOpen ? this.#join(near) : near.resetAndDestroy(),
  );

  /** @param port on loopback, where the region's side connects; 0: any that is free, known once it listens */
  constructor(
    public port: number,
    private readonly target: LinkTarget,
  ) {}

  /** Rejects when it can't listen on the port. */
  async listen(): Promise<void> {
    this.#server.listen({ port: this.port, host: '127.0.0.1', exclusive: true });
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (typeof address === 'object' && address) this.port = address.port;
  }

  cut(): void {
    this.isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  restore(): void {
    this.isOpen = true;
  }

  /** Cuts it, and closes its port. */
  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    const far = connect({ ...this.target, noDelay: true });
    near.on('data', ({ length }: Buffer) => {
      if (length >= BULK_BYTES) this.bulkAt = Date.now();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      // When one end fails, the other is closed as well; `close` follows every error.
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}

/** A link on a free port. */
export async function openLink(target: LinkTarget): Promise<Link> {
  const link = new Link(0, target);
  await link.listen();
  return link;
}

interface ProxyTarget extends LinkTarget {
  /** The proxy's URL through a link on this port. */
  urlBehind(port: number): string;
}

/**
 * Undefined for a proxy on another machine, whose name does not lead to the link, and for an https proxy whose
 * certificate does not cover the link's name.
 */
export function proxyTarget(proxyUrl: string): ProxyTarget | undefined {
  const url = new URL(proxyUrl);
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []);
  const ofLink = ['127.0.0.1', 'localhost'].includes(host);
  if (secure ? !ofLink : !isLoopback(host) && !own.includes(host)) return undefined;
  const name = secure ? host : '127.0.0.1';
  const path = url.pathname.replace(/\/$/, '');
  return {
    host,
    port: Number(url.port || (secure ? 443 : 80)),
    urlBehind: (port) => `${url.protocol}//${name}:${port}${path}`,
  };
}
