/**
 * Deletes messages from the queue, or moves them to its dead-letter queue. A failure loses nothing: the message is
 * delivered again and recognised as a duplicate.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../lib/async/backoff.js';
import { messageOf } from '../lib/errors/app-error.js';
import { MAX_BATCH_COUNT, type Queue, type ReceivedMessage } from '../queue/queue.js';
import type { RejectedMessage, Rejection } from './delivery.js';
import type { FailureReporter, PullerEvent } from './failure-reporter.js';

const MAX_ATTEMPTS = 5;
/** Dead letters of a code within this time are one event: whoever reaches the queue could fill the log otherwise. */
const COLLECT_MS = 1_000;

export class Acknowledger {
  deleted = 0;
  deadLettered = 0;
  readonly deadLetteredBy: Partial<Record<Rejection['code'], number>> = {};
  readonly #queue: Queue;
  readonly #failures: FailureReporter;
  readonly #onEvent: (event: PullerEvent) => void;
  readonly #running = new Set<Promise<void>>();
  /** Dead letters that are not reported yet; `id` (in the dead-letter queue) and `reason` are those of the first. */
  #collected = new Map<Rejection['code'], { count: number; id: string; reason: string }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(queue: Queue, failures: FailureReporter, onEvent: (event: PullerEvent) => void) {
    this.#queue = queue;
    this.#failures = failures;
    this.#onEvent = onEvent;
  }

  delete(messages: ReceivedMessage[]): void {
    for (let i = 0; i < messages.length; i += MAX_BATCH_COUNT) {
      this.#run(this.#delete(messages.slice(i, i + MAX_BATCH_COUNT).map(({ receipt }) => receipt)));
    }
  }

  /** Moves all that is wrong with a message; `then`: instead of deleting it. */
  deadLetter(message: ReceivedMessage, rejections: RejectedMessage[], then?: () => void): void {
    const move = async () => {
      for (const rejection of rejections) if (!(await this.#deadLetter(rejection))) return;
      if (then) then();
      else await this.#delete([message.receipt]);
    };
    this.#run(move());
  }

  /** Resolves when everything so far is done. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
    this.#report();
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

  /** Resolves with whether it is done. */
  async #deadLetter({ message, code, reason }: RejectedMessage): Promise<boolean> {
    let id: string;
    try {
      id = await this.#queue.deadLetter(message, reason);
    } catch (error) {
      this.#failures.failed('dead-letter', `${messageOf(error)} (rejected message: ${reason})`);
      return false;
    }
    this.deadLettered++;
    this.deadLetteredBy[code] = (this.deadLetteredBy[code] ?? 0) + 1;
    const collected = this.#collected.get(code);
    if (collected) collected.count++;
    else this.#collected.set(code, { count: 1, id, reason });
    this.#timer ??= setTimeout(() => this.#report(), COLLECT_MS);
    this.#failures.succeeded('dead-letter');
    return true;
  }

  #report(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [code, first] of this.#collected) this.#onEvent({ type: 'puller.dead-letters', code, ...first });
    this.#collected.clear();
  }
}
