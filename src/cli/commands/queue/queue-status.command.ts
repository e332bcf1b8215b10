import { readQueueStatus } from '../../../operations/queue/queue-status.js';
import type { CommandSpec } from '../../command.js';
import { queueStatusText } from '../../output/queue-text.js';
import { QUEUE_SETTINGS, withQueue } from './with-queue.js';

export const queueStatus: CommandSpec = {
  name: 'queue status',
  summary: 'show how many messages wait in the queue, and how many are dead letters',
  modes: ['text', 'json'],
  settings: QUEUE_SETTINGS,
  async action({ out, settings }) {
    const status = await withQueue(settings, readQueueStatus);
    out.result(status, (style) => queueStatusText(status, style));
    return 0;
  },
};
