/**
 * A TCP relay that can be cut: the link between a region and something outside it. While it is cut, every connection is
 * reset at once, as through a broken network, and neither end is paused. It keeps its port: other programs, or relays
 * of another network on this machine, could take a closed one.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface RelayTarget {
  host: string;
  port: number;
}

/** More than one reading with its headers, less than the batches in which a sensor sends what it kept. */
const BULK_BYTES = 2048;

export class Relay {
  /** When more than a single reading was last sent to the target at once: Unix milliseconds, 0 for never. */
  bulkAt = 0;
  /** False while it is cut. */
  isOpen = true;
  readonly #target: RelayTarget;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ noDelay: true }, (near) =>
    this.isOpen ? this.#join(near) : near.resetAndDestroy(),
  );

  /** @param port on loopback, where the region's side connects */
  constructor(
    readonly port: number,
    target: RelayTarget,
  ) {
    this.#target = target;
  }

  /** Rejects when it can't listen on the port. */
  async listen(): Promise<void> {
    this.#server.listen({ port: this.port, host: '127.0.0.1', exclusive: true });
    await once(this.#server, 'listening');
  }

  /** Closes every connection through it, and refuses new ones. */
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
    const far = connect({ ...this.#target, noDelay: true });
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
