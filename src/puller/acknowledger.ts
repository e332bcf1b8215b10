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

export function createAcknowledger(queue: Queue, failures: FailureReporter, onEvent: (event: PullerEvent) => void) {
  const deadLetteredBy: Partial<Record<Rejection['code'], number>> = {};
  const counts = { deleted: 0, deadLettered: 0, deadLetteredBy };
  const running = new Set<Promise<void>>();
  /** Dead letters that are not reported yet; `id` (in the dead-letter queue) and `reason` are those of the first. */
  const collected = new Map<Rejection['code'], { count: number; id: string; reason: string }>();
  let timer: NodeJS.Timeout | undefined;

  function run(work: Promise<void>): void {
    const tracked = work.finally(() => running.delete(tracked));
    running.add(tracked);
  }

  async function remove(receipts: string[]): Promise<void> {
    let left = receipts;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && left.length > 0; attempt++) {
      try {
        const failed = await queue.delete(left);
        counts.deleted += left.length - failed.length;
        left = failed;
        failures.succeeded('delete');
      } catch (error) {
        failures.failed('delete', messageOf(error));
      }
      if (left.length > 0) await sleep(jittered(attempt, 100, 2000));
    }
  }

  /** Resolves with whether it is done. */
  async function reject({ message, code, reason }: RejectedMessage): Promise<boolean> {
    let id: string;
    try {
      id = await queue.deadLetter(message, reason);
    } catch (error) {
      failures.failed('dead-letter', `${messageOf(error)} (rejected message: ${reason})`);
      return false;
    }
    counts.deadLettered++;
    deadLetteredBy[code] = (deadLetteredBy[code] ?? 0) + 1;
    const known = collected.get(code);
    if (known) known.count++;
    else collected.set(code, { count: 1, id, reason });
    timer ??= setTimeout(report, COLLECT_MS);
    failures.succeeded('dead-letter');
    return true;
  }

  function report(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const [code, first] of collected) onEvent({ type: 'puller.dead-letters', code, ...first });
    collected.clear();
  }

  return {
    counts,

    delete(messages: ReceivedMessage[]): void {
      for (let i = 0; i < messages.length; i += MAX_BATCH_COUNT) {
        run(remove(messages.slice(i, i + MAX_BATCH_COUNT).map(({ receipt }) => receipt)));
      }
    },

    /** Moves all that is wrong with a message; `then`: instead of deleting it. */
    deadLetter(message: ReceivedMessage, rejections: RejectedMessage[], then?: () => void): void {
      const move = async () => {
        for (const rejection of rejections) if (!(await reject(rejection))) return;
        if (then) then();
        else await remove([message.receipt]);
      };
      run(move());
    },

    /** Resolves when everything so far is done. */
    async finish(): Promise<void> {
      await Promise.all(running);
      report();
    },
  };
}
