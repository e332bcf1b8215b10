/**
 * Collects the changes of a queue's messages, so that one statement per commit writes them instead of one per request.
 * Deletions are written with the next commit. Deliveries are written up to a second later, so a message that is deleted
 * by then, as nearly all are, costs no write. If the process dies before, the message is delivered again sooner than its
 * visibility timeout says, and its receipt handles stay valid.
 */
import type { Delivery, MessageTable } from './message-table.js';

export class WriteBuffer {
  readonly #table: MessageTable;
  #removed: number[] = [];
  readonly #delivered = new Map<number, Delivery>();

  constructor(table: MessageTable) {
    this.#table = table;
  }

  deliver(delivery: Delivery): void {
    this.#delivered.set(delivery.seq, delivery);
  }

  remove(seq: number): void {
    this.#table.join();
    this.#delivered.delete(seq);
    this.#removed.push(seq);
  }

  /** Writes the deletions. Call it before every commit. */
  writeRemovals(): void {
    if (this.#removed.length === 0) return;
    this.#table.remove(this.#removed);
    this.#removed = [];
  }

  /** Writes everything. Call it before reading from the table messages that memory may have changed. */
  writeAll(): void {
    this.writeRemovals();
    if (this.#delivered.size === 0) return;
    this.#table.deliver([...this.#delivered.values()]);
    this.#delivered.clear();
  }

  clear(): void {
    this.#removed = [];
    this.#delivered.clear();
  }
}
