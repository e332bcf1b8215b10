/** The receivers that wait for a message of one queue. */
import type { StoredMessage } from './store/message-table.js';

export interface Poll {
  max: number;
  /** Milliseconds for which the messages become invisible to others. */
  visibilityMs: number;
  resolve: (messages: StoredMessage[]) => void;
}

export class LongPolls {
  readonly #waiting = new Set<Poll>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Waits until {@link serve} gives messages, `waitMs` are over, or the client has gone (then resolves to none). */
  wait(max: number, visibilityMs: number, waitMs: number, signal: AbortSignal | undefined): Promise<StoredMessage[]> {
    return new Promise((resolve) => {
      const end = (messages: StoredMessage[]) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.#waiting.delete(poll);
        resolve(messages);
      };
      const giveUp = () => end([]);
      const poll: Poll = { max, visibilityMs, resolve: end };
      const timer = setTimeout(giveUp, waitMs);
      if (signal?.aborted) return giveUp();
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(poll);
    });
  }

  /** Offers messages to the receivers, the longest waiting first, until `take` has none. */
  serve(take: (poll: Poll) => StoredMessage[]): void {
    for (const poll of this.#waiting) {
      const messages = take(poll);
      if (messages.length === 0) return;
      poll.resolve(messages);
    }
  }

  /** Sends every receiver home without a message. */
  end(): void {
    for (const poll of this.#waiting) poll.resolve([]);
  }
}
