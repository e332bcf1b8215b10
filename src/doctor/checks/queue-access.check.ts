import { type Check, skipped } from '../check.js';
import { checkQueueAccess } from '../queue-access.js';

/** Whether the queue is there, and each right that the proxy and the puller need. */
export const queueAccess: Check = {
  name: 'queue',
  async run({ settings, signedQueue, identity }) {
    if (settings.values.queue === undefined) return skipped('no queue is named: `up` starts its own');
    const credentials = signedQueue
      ? await identity().then(
          (found) => found.credentials,
          () => null,
        )
      : undefined;
    return credentials === null
      ? skipped('without credentials nothing can be asked')
      : checkQueueAccess(settings.values, credentials);
  },
};
