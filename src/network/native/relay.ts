/**
 * A TCP relay that can be cut: the link between a region and something in the centre. While it is cut its port is
 * closed, so both ends see what they would see of a broken network, and nothing of either end is paused.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, systemError } from '../../core/errors.js';

export interface RelayTarget {
  host: string;
  port: number;
}

/** While a port was closed another program may have used it for an outgoing connection; those are short. */
const REOPEN_TRIES = 20;
const REOPEN_PAUSE_MS = 100;
/** More than one reading with its headers, less than the batches in which a sensor sends what it kept. */
const BULK_BYTES = 2048;

export class Relay {
  /** When so much at once that it was no single reading last went to the target: Unix milliseconds, 0 for never. */
  bulkAt = 0;
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  /** @param port on loopback, where the region's side connects */
  constructor(
    readonly port: number,
    private readonly target: RelayTarget,
  ) {}

  get isOpen(): boolean {
    return this.server !== undefined;
  }

  /** Listens; does nothing when it does already. Rejects with `RELAY_PORT_TAKEN` after so many tries. */
  async open(tries = REOPEN_TRIES): Promise<void> {
    for (let attempt = 1; !this.server; attempt++) {
      try {
        this.server = await this.listen();
      } catch (error) {
        if (attempt < tries) await sleep(REOPEN_PAUSE_MS);
        else {
          throw systemError('RELAY_PORT_TAKEN', `can't listen on 127.0.0.1:${this.port}: ${messageOf(error)}`, {
            hint: 'Another program took the port of a region link; `wasm-sensors down` and `up` choose others.',
            cause: error,
          });
        }
      }
    }
  }

  /** Closes the port and every connection through it; does nothing when it is closed already. */
  async cut(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private listen(): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true }, (near) => this.join(near));
      server.once('error', reject);
      server.listen({ port: this.port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
    });
  }

  private join(near: Socket): void {
    const far = connect({ ...this.target, noDelay: true });
    near.on('data', ({ length }: Buffer) => {
      if (length >= BULK_BYTES) this.bulkAt = Date.now();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.pipe(other);
      // An end that fails takes the other with it; `close` follows every error.
      one.on('error', () => {});
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}
