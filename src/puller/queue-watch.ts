/** What a queue says of itself, as it was heard last. */
import { AppError, messageOf } from '../lib/errors/app-error.js';
import type { Queue, QueueDepth, QueueServerState } from '../queue/queue.js';
import type { FailureReporter } from './failure-reporter.js';

/** Lasting refusals of the dead-letter queue alone. An outage of the queue is reported by those who receive. */
const LASTING = new Set(['QUEUE_DENIED', 'QUEUE_NOT_FOUND', 'QUEUE_ERROR']);
export const messagesIn = ({ visible, inFlight, delayed }: QueueDepth): number => visible + inFlight + delayed;

export interface KnownOfQueue {
  /** Messages in it; undefined: it did not answer. */
  messages: number | undefined;
  /** Of its server, also while that does not answer. */
  queueServer: QueueServerState | undefined;
  /** Messages in the dead-letter queue; undefined where that is not known, or there is no such queue. */
  deadLetters: number | undefined;
}

export function watchQueue(queue: Queue, failures: FailureReporter) {
  const known: KnownOfQueue = { messages: undefined, queueServer: undefined, deadLetters: undefined };

  async function countDeadLetters(): Promise<void> {
    try {
      const depth = await queue.deadLetterDepth();
      known.deadLetters = depth && messagesIn(depth);
      failures.succeeded('count-dead-letters');
    } catch (error) {
      known.deadLetters = undefined;
      const isLasting = error instanceof AppError && LASTING.has(error.code);
      if (isLasting) failures.failed('count-dead-letters', messageOf(error));
    }
  }

  async function check(): Promise<void> {
    const depth = queue.depth().then(messagesIn, () => undefined);
    const state = queue.serverState?.().then((of) => {
      known.queueServer = of;
    });
    await Promise.allSettled([countDeadLetters(), state]);
    known.messages = await depth;
  }

  return { known, countDeadLetters, check };
}
