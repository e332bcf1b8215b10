import { readQueueStatus } from '../../../operations/queue-status.js';
import { queueStatusText } from '../../output/queue-text.js';
import { queueCommand } from './queue-command.js';

export const queueStatus = queueCommand({
  name: 'queue status',
  summary: 'show how many messages wait in the queue, and how many are dead letters',
  async action({ out, queue }) {
    const status = await readQueueStatus(queue);
    out.result(status, (style) => queueStatusText(status, style));
    return 0;
  },
});
