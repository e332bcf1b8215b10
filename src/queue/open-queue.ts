/** Opens the queue that the settings name. */
import type { Settings } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import type { Queue } from './queue.js';
import { openSqsQueue } from './sqs-queue.js';

export async function openConfiguredQueue(settings: Settings): Promise<Queue> {
  const { queue, queueEndpoint, queueUnsigned, awsRegion } = settings;
  if (queue === undefined) {
    throw new AppError('NO_QUEUE', 'no queue is named', {
      hint: 'Use --queue (or SQS_QUEUE_URL) with the URL or name of an SQS queue. `wasm-sensors up` starts a queue of its own.',
    });
  }
  return openSqsQueue({
    queue,
    unsigned: queueUnsigned,
    ...(awsRegion === undefined ? {} : { region: awsRegion }),
    ...(queueEndpoint === undefined ? {} : { endpoint: queueEndpoint }),
  });
}
