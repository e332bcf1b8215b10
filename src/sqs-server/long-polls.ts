/** The receivers that wait for a message of one queue. */
import type { StoredMessage } from './store/message.js';

export interface Poll {
  max: number;
  /** Milliseconds for which received messages are invisible to others. */
  visibilityMs: number;
  resolve: (messages: StoredMessage[]) => void;
}

export class LongPolls {
  readonly #waiting = new Set<Poll>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Waits until {@link serve} gives messages. Resolves to none after `waitMs`, or when `signal` is aborted. */
  wait(max: number, visibilityMs: number, waitMs: number, signal: AbortSignal | undefined): Promise<StoredMessage[]> {
    return new Promise((resolve) => {
      const finish = (messages: StoredMessage[]) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.#waiting.delete(poll);
        resolve(messages);
      };
      const giveUp = () => finish([]);
      const poll: Poll = { max, visibilityMs, resolve: finish };
      const timer = setTimeout(giveUp, waitMs);
      if (signal?.aborted) return giveUp();
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(poll);
    });
  }

  /** Offers messages to the receivers, the longest waiting first, until `receive` returns none. */
  serve(receive: (poll: Poll) => StoredMessage[]): void {
    for (const poll of this.#waiting) {
      const messages = receive(poll);
      if (messages.length === 0) return;
      poll.resolve(messages);
    }
  }

  /** Answers every receiver without a message. */
  end(): void {
    for (const poll of this.#waiting) poll.resolve([]);
  }
}
