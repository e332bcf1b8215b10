/**
 * Bounds what a server keeps for clients that ask and do not read. Whoever reads has its answer within moments; when the
 * unread ones take too much, the connections that have not read for longest are cut off.
 */
import type { Socket } from 'node:net';
import type { Context } from 'hono';
import { connectionOf } from './client-gone.js';

const MAX_UNREAD_BYTES = 32 * 1_048_576;
/** An answer up to this size is not counted: the system takes it at once. */
const SMALL_BYTES = 16_384;

export class SlowReaders {
  /** By connection, the one that has not read for longest first. */
  readonly #unread = new Map<Socket, number>();
  readonly #known = new WeakSet<Socket>();
  #total = 0;

  /** Call it with the size of an answer before it is sent. */
  add(c: Context, bytes: number): void {
    const { incoming, outgoing } = connectionOf(c);
    if (!incoming || !outgoing || bytes <= SMALL_BYTES || incoming.socket.destroyed) return;
    const { socket } = incoming;
    // Of a connection that breaks, not every answer is told.
    if (!this.#known.has(socket)) socket.once('close', () => this.#remove(socket, Number.POSITIVE_INFINITY));
    this.#known.add(socket);
    this.#unread.set(socket, (this.#unread.get(socket) ?? 0) + bytes);
    this.#total += bytes;
    outgoing.once('close', () => this.#remove(socket, bytes));
    for (const [oldest] of this.#unread) {
      if (this.#total <= MAX_UNREAD_BYTES) break;
      this.#remove(oldest, Number.POSITIVE_INFINITY);
      oldest.destroy();
    }
  }

  #remove(socket: Socket, bytes: number): void {
    const unread = this.#unread.get(socket) ?? 0;
    this.#total -= Math.min(unread, bytes);
    if (unread > bytes) this.#unread.set(socket, unread - bytes);
    else this.#unread.delete(socket);
  }
}
