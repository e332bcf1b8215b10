import { type Check, ok, skipped } from '../check.js';

export const awsIdentity: Check = {
  name: 'AWS credentials',
  async run({ settings, signedQueue, identity }) {
    if (settings.values.queue === undefined) return skipped('no queue is named: `up` starts its own');
    if (!signedQueue) return skipped('the queue checks no signatures');
    const { region, source } = await identity();
    return ok(`from ${source}, region ${region}`);
  },
};
