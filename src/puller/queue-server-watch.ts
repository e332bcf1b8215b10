/** What the queue server says of its store, asked now and then. */
import type { Queue } from '../queue/queue.js';
import type { QueueServerState } from '../queue/server-state.js';

export class QueueServerWatch {
  /** Its last answer, also while it does not answer; undefined: there was none, or the queue is not on a server of ours. */
  state: QueueServerState | undefined;
  readonly #queue: Queue;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  /** Never rejects. */
  async check(): Promise<void> {
    try {
      this.state = await this.#queue.serverState?.();
    } catch {
      // An outage is reported by those who receive.
    }
  }
}
