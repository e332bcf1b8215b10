/** Finds the URL of a queue, and the dead-letter queue of another one. */
import { AppError } from '../lib/errors/app-error.js';
import { withoutSecrets } from '../lib/net/url-secrets.js';
import type { SqsCall } from './sqs-call.js';
import { queueUrlOf } from './sqs-client.js';

/** `queue`: its URL or name. */
export async function resolveUrl(call: SqsCall, queue: string): Promise<string> {
  if (queueUrlOf(queue)) return queue;
  const { QueueUrl } = await call('GetQueueUrl', { QueueName: queue });
  return QueueUrl!;
}

/**
 * The dead-letter queue in the redrive policy of the queue at `url`.
 * Rejects with `QUEUE_NO_DEAD_LETTER` when it has none, and as {@link SqsCall} does.
 */
export async function findDeadLetterQueue(call: SqsCall, url: string): Promise<{ url: string; arn: string }> {
  const { Attributes } = await call('GetQueueAttributes', { QueueUrl: url, AttributeNames: ['RedrivePolicy'] });
  const arn = deadLetterArn(Attributes?.RedrivePolicy);
  // arn:aws:sqs:<region>:<account>:<name>
  const [, , , , account, name] = arn?.split(':') ?? [];
  if (arn === undefined || account === undefined || name === undefined) {
    throw new AppError('QUEUE_NO_DEAD_LETTER', `The queue ${withoutSecrets(url)} has no dead-letter queue.`, {
      hint: 'Give the queue a RedrivePolicy that names one, with `aws sqs set-queue-attributes` for example.',
    });
  }
  const { QueueUrl } = await call('GetQueueUrl', { QueueName: name, QueueOwnerAWSAccountId: account });
  return { url: QueueUrl!, arn };
}

/** From a queue's attribute `RedrivePolicy`. */
export function deadLetterArn(policy: string | undefined): string | undefined {
  if (policy === undefined) return undefined;
  const { deadLetterTargetArn } = JSON.parse(policy) as { deadLetterTargetArn?: string };
  return deadLetterTargetArn;
}
