/** Finds where messages go that nobody can take. */
import { AppError } from '../lib/errors/app-error.js';
import type { SqsCall } from './sqs-call.js';

/**
 * URL of the dead-letter queue in the redrive policy of the queue at `url`.
 * Rejects with `QUEUE_NO_DEAD_LETTER` if there is none, otherwise as {@link SqsCall} does.
 */
export async function findDeadLetterUrl(call: SqsCall, url: string): Promise<string> {
  const { Attributes } = await call('GetQueueAttributes', { QueueUrl: url, AttributeNames: ['RedrivePolicy'] });
  const arn = targetArn(Attributes?.RedrivePolicy);
  // arn:aws:sqs:<region>:<account>:<name>
  const [, , , , account, name] = arn?.split(':') ?? [];
  if (account === undefined || name === undefined) {
    throw new AppError('QUEUE_NO_DEAD_LETTER', 'user', `The queue ${url} has no dead-letter queue.`, {
      hint: 'Give it a RedrivePolicy, or name a dead-letter queue in the settings.',
    });
  }
  const { QueueUrl } = await call('GetQueueUrl', { QueueName: name, QueueOwnerAWSAccountId: account });
  return QueueUrl!;
}

function targetArn(policy: string | undefined): string | undefined {
  if (policy === undefined) return undefined;
  const { deadLetterTargetArn } = JSON.parse(policy) as { deadLetterTargetArn?: string };
  return deadLetterTargetArn;
}
