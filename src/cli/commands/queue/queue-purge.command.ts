import { Option } from 'commander';
import { AppError } from '../../../lib/errors/app-error.js';
import { purgeQueue } from '../../../operations/purge-queue.js';
import { purgedText, purgeQuestion } from '../../output/queue-text.js';
import { queueCommand } from './queue-command.js';

export const queuePurge = queueCommand({
  name: 'queue purge',
  summary: 'delete every message of the queue, or every dead letter; asks before',
  options: [
    new Option('--dead-letters', 'the dead letters, instead of the queue itself'),
    new Option('--yes', 'do not ask'),
  ],
  examples: ['wasm-sensors queue purge --dead-letters --yes'],
  async action({ out, queue, options }) {
    const deadLetters = options.deadLetters === true;
    const result = await purgeQueue(queue, {
      deadLetters,
      confirm: async (url, messages) => options.yes === true || ask(purgeQuestion(url, messages, deadLetters)),
    });
    out.result(result, () => purgedText(result));
    return result.purged ? 0 : 1;
  },
});

/** Rejects with `NOT_CONFIRMED` where there is no terminal. */
async function ask(message: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new AppError('NOT_CONFIRMED', 'nothing is deleted without a confirmation', {
      hint: 'Give --yes where nobody can be asked.',
    });
  }
  const { default: inquirer } = await import('inquirer');
  const { yes } = await inquirer.prompt<{ yes: boolean }>([{ type: 'confirm', name: 'yes', message, default: false }]);
  return yes;
}
