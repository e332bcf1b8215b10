/**
 * Deletes messages from the queue, or moves them to its dead-letter queue. A failure loses nothing: the message is
 * delivered again and recognised as a duplicate.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../lib/async/backoff.js';
import { messageOf } from '../lib/errors/app-error.js';
import { MAX_BATCH_COUNT, type Queue, type ReceivedMessage } from '../queue/queue.js';
import type { DeadLetterLog, Rejection } from './alerts/dead-letter-log.js';
import type { FailureReporter } from './failure-reporter.js';

const MAX_ATTEMPTS = 5;

export class Acknowledger {
  deleted = 0;
  deadLettered = 0;
  readonly #queue: Queue;
  readonly #failures: FailureReporter;
  readonly #deadLetters: DeadLetterLog;
  readonly #running = new Set<Promise<void>>();

  constructor(queue: Queue, failures: FailureReporter, deadLetters: DeadLetterLog) {
    this.#queue = queue;
    this.#failures = failures;
    this.#deadLetters = deadLetters;
  }

  delete(messages: ReceivedMessage[]): void {
    for (let i = 0; i < messages.length; i += MAX_BATCH_COUNT) {
      this.#run(this.#delete(messages.slice(i, i + MAX_BATCH_COUNT).map(({ receipt }) => receipt)));
    }
  }

  deadLetter(message: ReceivedMessage, rejection: Rejection): void {
    this.#run(this.#deadLetter(message, rejection));
  }

  /** Resolves when everything so far is done. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
    this.#deadLetters.flush();
  }

  #run(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  async #delete(receipts: string[]): Promise<void> {
    let left = receipts;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && left.length > 0; attempt++) {
      try {
        const failed = await this.#queue.delete(left);
        this.deleted += left.length - failed.length;
        left = failed;
        this.#failures.succeeded('delete');
      } catch (error) {
        this.#failures.failed('delete', messageOf(error));
      }
      if (left.length > 0) await sleep(jittered(attempt, 100, 2000));
    }
  }

  async #deadLetter(message: ReceivedMessage, rejection: Rejection): Promise<void> {
    let id: string;
    try {
      id = await this.#queue.deadLetter(message, rejection.reason);
    } catch (error) {
      this.#failures.failed('dead-letter', `${messageOf(error)} (rejected message: ${rejection.reason})`);
      return;
    }
    this.deadLettered++;
    this.#deadLetters.record(id, rejection);
    this.#failures.succeeded('dead-letter');
    await this.#delete([message.receipt]);
  }
}
