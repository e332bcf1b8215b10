/** CreateQueue, GetQueueUrl, ListQueues, PurgeQueue, DeleteQueue. */
import type { LiveQueue } from '../live-queue.js';
import { checkQueueAttributes, isFifoName, type QueueAttributes, withDefaults } from '../protocol/queue-attributes.js';
import { type Input, optionalString, optionalStringMap, requiredString } from '../protocol/request-input.js';
import { noSuchQueue, SqsError } from '../protocol/sqs-error-answer.js';
import { PURGE_INTERVAL_MS } from '../protocol/sqs-limits.js';
import { type Context, type Output, queueOf, queueUrl } from './action-context.js';
import { checkRedrive } from './get-set-attributes.js';
import { page } from './paging.js';
import { checkTags } from './tag-queue.js';

const NAME = /^[A-Za-z0-9_-]{1,80}$/;

export function createQueue(context: Context, input: Input): Output {
  const name = requiredString(input, 'QueueName');
  const given = optionalStringMap(input, 'Attributes');
  // The API spells this member with a lower-case first letter; some clients don't.
  const tags = { ...optionalStringMap(input, 'Tags'), ...optionalStringMap(input, 'tags') };
  if (given.FifoQueue?.toLowerCase() === 'true' || isFifoName(name)) {
    throw new SqsError(
      'UnsupportedOperation',
      'FIFO queues are not supported by this server. Create a standard queue (without FifoQueue, and with a name ' +
        'that does not end with .fifo), or use Amazon SQS.',
    );
  }
  if (!NAME.test(name)) {
    throw new SqsError(
      'InvalidParameterValue',
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    );
  }
  const attributes = checkQueueAttributes(given);
  checkTags(tags, name);
  const existing = context.service.find(name);
  if (existing) {
    refuseDifference(existing, attributes);
  } else {
    checkRedrive(context, name, attributes);
    context.service.create(name, attributes, tags, context.wall);
  }
  return { QueueUrl: queueUrl(context, name) };
}

function refuseDifference(existing: LiveQueue, attributes: QueueAttributes): void {
  const actual = existing.attributes;
  const wanted = withDefaults(attributes);
  const differing = Object.keys(attributes).find((name) => actual[name] !== wanted[name]);
  if (differing === undefined) return;
  throw new SqsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${differing}`,
  );
}

export function getQueueUrl(context: Context, input: Input): Output {
  const name = requiredString(input, 'QueueName');
  const account = optionalString(input, 'QueueOwnerAWSAccountId') ?? context.accountId;
  if (account !== context.accountId || !context.service.find(name)) throw noSuchQueue();
  return { QueueUrl: queueUrl(context, name) };
}

export function listQueues(context: Context, input: Input): Output {
  const prefix = optionalString(input, 'QueueNamePrefix') ?? '';
  const names = context.service.queues.map((queue) => queue.record.name).filter((name) => name.startsWith(prefix));
  const { items, ...token } = page(input, names.sort());
  return items.length === 0 ? {} : { QueueUrls: items.map((name) => queueUrl(context, name)), ...token };
}

export function purgeQueue(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  if (context.purgeInterval && context.now - queue.lastPurge < PURGE_INTERVAL_MS) {
    throw new SqsError(
      'PurgeQueueInProgress',
      `Only one PurgeQueue operation on ${queue.record.name} is allowed every 60 seconds.`,
      'Sender',
      403,
    );
  }
  queue.lastPurge = context.now;
  queue.messages.clear();
  return undefined;
}

export function deleteQueue(context: Context, input: Input): Output {
  context.service.delete(queueOf(context, input));
  return undefined;
}
