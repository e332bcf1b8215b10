/** What the commands of an operator on a queue share. */

import type { AdminQueue } from '../../../queue/admin-queue.js';
import { openConfiguredAdminQueue } from '../../../queue/open-queue.js';
import { findQueue } from '../../../runtime/queue-of-up.js';
import type { CommandContext, CommandSpec } from '../../command.js';

type QueueCommand = Omit<CommandSpec, 'settings' | 'modes' | 'action'> & {
  action(context: CommandContext & { queue: AdminQueue }): Promise<number | undefined>;
};

/** A command on the queue of the settings, or of the running `up`. */
export const queueCommand = ({ action, ...spec }: QueueCommand): CommandSpec => ({
  ...spec,
  modes: ['text', 'json'],
  settings: ['queue', 'queueEndpoint', 'queueUnsigned', 'awsRegion', 'stateDir'],
  async action(context) {
    const queue = await openConfiguredAdminQueue(findQueue(context.settings));
    try {
      return await action({ ...context, queue });
    } finally {
      queue.close();
    }
  },
});
