/** Opens the queue that the settings name. */
import type { Settings } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import { queueOfShard } from '../protocol/shard.js';
import type { AdminQueue, Queue } from './queue.js';
import type { SqsConnection } from './sqs-client.js';
import { openSqsQueue } from './sqs-queue.js';

export type QueueSettings = Pick<Settings, 'queue' | 'queueEndpoint' | 'queueUnsigned' | 'awsRegion' | 'shards'>;

/** The queue of one shard. Rejects with `NO_QUEUE` where none is named, and as `openSqsQueue` does. */
export const openConfiguredQueue = async (settings: QueueSettings, shard = 0): Promise<Queue & AdminQueue> =>
  openSqsQueue(queueOptions(settings, shard));

/** Throws `NO_QUEUE`. */
export function queueOptions(settings: QueueSettings, shard = 0): SqsConnection {
  const { queue, queueEndpoint, queueUnsigned, awsRegion, shards } = settings;
  if (queue === undefined) {
    throw new AppError('NO_QUEUE', 'no queue is named', {
      hint: 'Use --queue (or SQS_QUEUE_URL) with the URL or name of an SQS queue. `wasm-sensors up` starts a queue of its own.',
    });
  }
  return {
    queue: queueOfShard(queue, shard, shards),
    unsigned: queueUnsigned,
    ...(awsRegion === undefined ? {} : { region: awsRegion }),
    ...(queueEndpoint === undefined ? {} : { endpoint: queueEndpoint }),
  };
}
