/** The link between clients and the proxy, which can break in the ways that networks do. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** `lost answers`: what clients send arrives, and they don't hear so. */
export const BREAKS = ['refused', 'silent', 'lost answers'] as const;
export type Break = (typeof BREAKS)[number];

export class Link {
  readonly url: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #broken: Break | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async to(proxy: string): Promise<Link> {
    const { hostname, port } = new URL(proxy);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const link = new Link(server);
    server.on('connection', (client) => link.#join(client, connect(Number(port), hostname)));
    return link;
  }

  /** Breaks it; undefined: repairs it. Open connections end. */
  set(broken: Break | undefined): void {
    this.#broken = broken;
    // A silent network ends no connection: their clients wait.
    if (broken === undefined || broken === 'refused') for (const socket of this.#open) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.set('refused');
  }

  #join(client: Socket, proxy: Socket): void {
    const pair = [client, proxy];
    for (const socket of pair) {
      this.#open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#open.delete(socket);
        for (const other of pair) other.destroy();
      });
    }
    if (this.#broken === 'refused') client.destroy();
    client.on('data', (bytes) => this.#broken !== 'silent' && proxy.write(bytes));
    proxy.on('data', (bytes) => this.#broken === undefined && client.write(bytes));
  }
}
