/** Watches the dead-letter queue: how many messages are in it, and an alert while there are any. */
import type { DeadLetterAlert } from '../../fleet/fleet-events.js';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import type { Queue } from '../../queue/queue.js';
import type { FailureReporter } from '../failure-reporter.js';

/** Lasting refusals of the dead-letter queue alone. An outage of the queue is reported by those who receive. */
const LASTING = new Set(['QUEUE_DENIED', 'QUEUE_NOT_FOUND', 'QUEUE_ERROR']);

/** While their number grows the alert is raised again, but not more often. */
const RAISE_EVERY_MS = 60_000;

export class DeadLetterWatch {
  /** Messages in the dead-letter queue when it was last asked; undefined: not known, or there is no such queue. */
  count: number | undefined;
  /** The alert that fires now. */
  firing: DeadLetterAlert | undefined;
  #raisedAt = 0;
  readonly #queue: Queue;
  readonly #failures: FailureReporter;

  constructor(queue: Queue, failures: FailureReporter) {
    this.#queue = queue;
    this.#failures = failures;
  }

  /** Asks the queue; resolves with the alert that begins, grows or ends. `now`: Unix milliseconds. */
  async check(now: () => number): Promise<DeadLetterAlert | undefined> {
    let count: number | undefined;
    try {
      const depth = await this.#queue.deadLetterDepth();
      count = depth && depth.visible + depth.inFlight + depth.delayed;
      this.#failures.succeeded('count-dead-letters');
    } catch (error) {
      this.count = undefined;
      const lasting = error instanceof AppError && LASTING.has(error.code);
      if (lasting) this.#failures.failed('count-dead-letters', messageOf(error));
      // What fires goes on until the queue says that it is empty.
      return undefined;
    }
    this.count = count;
    if (count === undefined || !this.#isNews(count, now())) return undefined;
    const alert = alertOf(count, count > 0 ? (this.firing?.at ?? now()) : now());
    this.#raisedAt = now();
    this.firing = count > 0 ? alert : undefined;
    return alert;
  }

  #isNews(count: number, now: number): boolean {
    if (this.firing === undefined || count === 0) return count > 0 !== (this.firing !== undefined);
    return count > this.firing.count && now - this.#raisedAt >= RAISE_EVERY_MS;
  }
}

function alertOf(count: number, at: number): DeadLetterAlert {
  const text =
    count > 0
      ? `dead letters in the queue: ${count}; \`wasm-sensors queue dead-letters\` lists them`
      : 'no dead letters in the queue any more';
  return { event: 'alert', type: 'dead-letters', firing: count > 0, count, at, rule: 'no dead letters', text };
}
