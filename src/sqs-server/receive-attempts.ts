/**
 * What a FIFO queue has given out under a `ReceiveRequestAttemptId`: a client that lost the answer asks with the same id
 * again, and gets the same messages instead of waiting for their visibility timeout. A restart forgets it.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 */
import { DEDUPLICATION_MS } from './protocol/sqs-limits.js';
import type { MessageIndex } from './store/message-index.js';
import type { MessageTable, StoredMessage } from './store/message-table.js';

interface Attempt {
  /** Deliveries by `seq`: how often each message had been delivered then. */
  receives: Map<number, number>;
  /** Unix milliseconds. */
  expires: number;
}

/** Some hundred bytes each; beyond it the oldest are forgotten. */
const MAX_ATTEMPTS = 10_000;

export class ReceiveAttempts {
  /** In order of age. */
  readonly #attempts = new Map<string, Attempt>();
  /** The attempt that had a message last. */
  readonly #bySeq = new Map<number, string>();

  constructor(
    private readonly index: MessageIndex,
    private readonly table: MessageTable,
  ) {}

  /** Remembers the messages just delivered to a receiver that gave `id`. */
  add(id: string, messages: StoredMessage[], now: number): void {
    this.#forget(id);
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size >= MAX_ATTEMPTS) this.#forget(oldest!);
    const receives = new Map(messages.map((message) => [message.seq, message.receives]));
    this.#attempts.set(id, { receives, expires: now + DEDUPLICATION_MS });
    for (const seq of receives.keys()) this.#bySeq.set(seq, id);
  }

  /**
   * The messages of an earlier attempt, as they were delivered then, now in flight until `due`. Undefined: there was none
   * in time, or a message of it has been deleted, has become visible again, or has had its visibility timeout changed.
   */
  repeat(id: string, due: number, now: number): StoredMessage[] | undefined {
    const attempt = this.#attempts.get(id);
    if (!attempt || attempt.expires <= now) return undefined;
    for (const [seq, receives] of attempt.receives) {
      const state = this.index.find(seq, now);
      if (!state?.inFlight || state.receives !== receives) return undefined;
    }
    const seqs = [...attempt.receives.keys()];
    for (const seq of seqs) this.index.reschedule(seq, due);
    return this.table.bySeq(seqs);
  }

  /** A message's visibility timeout was changed: the attempt that had it can't be repeated any more. */
  changed(seq: number): void {
    const id = this.#bySeq.get(seq);
    if (id !== undefined) this.#forget(id);
  }

  clear(): void {
    this.#attempts.clear();
    this.#bySeq.clear();
  }

  #forget(id: string): void {
    for (const seq of this.#attempts.get(id)?.receives.keys() ?? []) {
      if (this.#bySeq.get(seq) === id) this.#bySeq.delete(seq);
    }
    this.#attempts.delete(id);
  }
}
