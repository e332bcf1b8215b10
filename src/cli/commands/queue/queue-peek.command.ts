import { Option } from 'commander';
import { peekQueue } from '../../../operations/queue/peek-queue.js';
import type { CommandSpec } from '../../command.js';
import { integerOption } from '../../command-options.js';
import { PEEKED, peekText } from '../../output/queue-text.js';
import { QUEUE_SETTINGS, withQueue } from './with-queue.js';

export const queuePeek: CommandSpec = {
  name: 'queue peek',
  summary: 'show the next messages of the queue and give them back; each look counts as a delivery',
  modes: ['text', 'json'],
  settings: QUEUE_SETTINGS,
  options: [new Option('-n, --limit <count>', 'largest number of messages').default('10')],
  async action({ out, settings, options }) {
    const limit = integerOption(options.limit, '--limit', 1)!;
    const found = await withQueue(settings, (queue) => peekQueue(queue, limit));
    out.result(found, () => peekText(found));
    if (found.messages.length > 0) out.note(PEEKED);
    return 0;
  },
};
