import { Option } from 'commander';
import { listDeadLetters } from '../../../operations/list-dead-letters.js';
import { integerOption } from '../../command-options.js';
import { deadLettersText } from '../../output/queue-text.js';
import { queueCommand } from './queue-command.js';

export const queueDeadLetters = queueCommand({
  name: 'queue dead-letters',
  summary: 'list the messages that could not be stored, with the reason',
  options: [new Option('-n, --limit <count>', 'at most so many messages').default('1000')],
  async action({ out, queue, options }) {
    const deadLetters = await listDeadLetters(queue, integerOption(options.limit, '--limit', 1)!);
    out.result({ url: queue.name, deadLetters }, (style) => deadLettersText(deadLetters, style));
    return 0;
  },
});
