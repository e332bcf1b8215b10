import { Option } from 'commander';
import { AppError } from '../../../lib/errors/app-error.js';
import { purgeQueue } from '../../../operations/queue/purge-queue.js';
import type { CommandSpec } from '../../command.js';
import { canAsk, confirm } from '../../confirm.js';
import { purgedText, purgeQuestion } from '../../output/queue-text.js';
import { QUEUE_SETTINGS, withQueue } from './with-queue.js';

export const queuePurge: CommandSpec = {
  name: 'queue purge',
  summary: 'delete every message of the queue, or every dead letter; asks first',
  modes: ['text', 'json'],
  settings: QUEUE_SETTINGS,
  options: [
    new Option('--dead-letters', 'the dead letters, instead of the queue itself'),
    new Option('--yes', 'do not ask'),
  ],
  examples: ['wasm-sensors queue purge --dead-letters --yes'],
  async action({ out, settings, options }) {
    const deadLetters = options.deadLetters === true;
    const confirm = async (url: string, messages: number) =>
      options.yes === true || ask(purgeQuestion(url, messages, deadLetters));
    const result = await withQueue(settings, (queue) => purgeQueue(queue, { deadLetters, confirm }));
    out.result(result, () => purgedText(result));
    return result.purged ? 0 : 1;
  },
};

/** Throws `NOT_CONFIRMED` where there is no terminal. */
function ask(message: string): Promise<boolean> {
  if (!canAsk()) {
    throw new AppError('NOT_CONFIRMED', 'nothing is deleted without a confirmation', {
      hint: 'Give --yes where nobody can be asked.',
    });
  }
  return confirm(message);
}
