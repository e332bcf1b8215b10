import { Option } from 'commander';
import { listDeadLetters } from '../../../operations/queue/list-dead-letters.js';
import type { CommandSpec } from '../../command.js';
import { integerOption } from '../../command-options.js';
import { deadLettersText } from '../../output/queue-text.js';
import { QUEUE_SETTINGS, withQueue } from './with-queue.js';

export const queueDeadLetters: CommandSpec = {
  name: 'queue dead-letters',
  summary: 'list the messages that could not be stored, with the reason',
  modes: ['text', 'json'],
  settings: QUEUE_SETTINGS,
  options: [new Option('-n, --limit <count>', 'largest number of messages').default('1000')],
  async action({ out, settings, options }) {
    const limit = integerOption(options.limit, '--limit', 1)!;
    const found = await withQueue(settings, (queue) => listDeadLetters(queue, limit));
    out.result(found, (style) => deadLettersText(found.deadLetters, style));
    return 0;
  },
};
