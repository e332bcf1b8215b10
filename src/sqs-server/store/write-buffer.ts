/**
 * Collects the changes of a queue's messages, so that one statement a commit carries them instead of one a request.
 * Deletions are written with the next commit. Deliveries are written up to a second later, and so never at all for
 * messages that were deleted by then, which is nearly all of them: should the process die before, they are delivered
 * again sooner than their visibility timeout says, and their receipt handles are still good.
 */
import type { Delivery, MessageTable } from './message-table.js';

export class WriteBuffer {
  #removed: number[] = [];
  readonly #delivered = new Map<number, Delivery>();

  constructor(private readonly table: MessageTable) {}

  deliver(delivery: Delivery): void {
    this.#delivered.set(delivery.seq, delivery);
  }

  remove(seq: number): void {
    this.table.join();
    this.#delivered.delete(seq);
    this.#removed.push(seq);
  }

  /** Writes the deletions. Must be called before every commit. */
  writeRemovals(): void {
    if (this.#removed.length === 0) return;
    this.table.remove(this.#removed);
    this.#removed = [];
  }

  /** Writes everything. Must be called before the table is read for messages that memory may have changed. */
  writeAll(): void {
    this.writeRemovals();
    if (this.#delivered.size === 0) return;
    this.table.deliver([...this.#delivered.values()]);
    this.#delivered.clear();
  }

  clear(): void {
    this.#removed = [];
    this.#delivered.clear();
  }
}
