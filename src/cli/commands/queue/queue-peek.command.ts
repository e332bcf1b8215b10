import { Option } from 'commander';
import { peekQueue } from '../../../operations/peek-queue.js';
import { integerOption } from '../../command-options.js';
import { PEEKED, peekText } from '../../output/queue-text.js';
import { queueCommand } from './queue-command.js';

export const queuePeek = queueCommand({
  name: 'queue peek',
  summary: 'show the next messages of the queue and give them back; each look counts as a delivery',
  options: [new Option('-n, --limit <count>', 'at most so many messages').default('10')],
  async action({ out, queue, options }) {
    const messages = await peekQueue(queue, integerOption(options.limit, '--limit', 1)!);
    out.result({ url: queue.name, messages }, () => peekText(messages, queue.name));
    if (messages.length > 0) out.note(PEEKED);
    return 0;
  },
});
