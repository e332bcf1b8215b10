/** The actions of the API for queues. */
import type { LiveQueue } from '../live-queue.js';
import {
  ACCOUNT_ID,
  checkQueueAttributes,
  isAttributeName,
  isFifoName,
  parseRedriveAllowPolicy,
  parseRedrivePolicy,
  type QueueAttributes,
  withDefaults,
} from '../protocol/queue-attributes.js';
import {
  type Input,
  optionalString,
  optionalStringMap,
  optionalStrings,
  requiredString,
} from '../protocol/request-input.js';
import { invalid, invalidValue, missing, noSuchQueue, SqsError, unknownAttribute } from '../protocol/sqs-error.js';
import { PURGE_INTERVAL_MS } from '../protocol/sqs-limits.js';
import { type Action, type Context, page, queueOf, queueUrl } from './action-context.js';

export const queueActions: Record<string, Action> = {
  CreateQueue(context, input) {
    const name = requiredString(input, 'QueueName');
    const given = optionalStringMap(input, 'Attributes') ?? {};
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
      throw invalid('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
    }
    const attributes = checkQueueAttributes(given);
    checkTags(tags, name);
    const existing = context.service.find(name);
    if (existing) {
      refuseDifference(existing, attributes);
    } else {
      checkRedrive(context, name, attributes);
      context.service.create({ name, attributes, tags, created: context.wall, modified: context.wall });
    }
    return { QueueUrl: queueUrl(context, name) };
  },

  GetQueueUrl(context, input) {
    const name = requiredString(input, 'QueueName');
    const account = optionalString(input, 'QueueOwnerAWSAccountId') ?? ACCOUNT_ID;
    if (account !== ACCOUNT_ID || !context.service.find(name)) throw noSuchQueue();
    return { QueueUrl: queueUrl(context, name) };
  },

  ListQueues(context, input) {
    const prefix = optionalString(input, 'QueueNamePrefix') ?? '';
    const queues = context.service.queues.filter(({ record }) => record.name.startsWith(prefix));
    const { urls, ...token } = page(context, input, queues);
    return urls.length === 0 ? {} : { QueueUrls: urls, ...token };
  },

  ListDeadLetterSourceQueues(context, input) {
    const { urls, ...token } = page(context, input, context.service.sourcesOf(queueOf(context, input)));
    // The API spells this member with a lower-case first letter.
    return { queueUrls: urls, ...token };
  },

  PurgeQueue(context, input) {
    const queue = queueOf(context, input);
    if (context.purgeInterval && context.now - queue.lastPurge < PURGE_INTERVAL_MS) {
      const message = `Only one PurgeQueue operation on ${queue.record.name} is allowed every 60 seconds.`;
      throw new SqsError('PurgeQueueInProgress', message);
    }
    queue.lastPurge = context.now;
    queue.messages.clear();
    return undefined;
  },

  DeleteQueue(context, input) {
    context.service.delete(queueOf(context, input));
    return undefined;
  },

  GetQueueAttributes(context, input) {
    const queue = queueOf(context, input);
    const names = optionalStrings(input, 'AttributeNames') ?? [];
    const unknown = names.find((name) => !isAttributeName(name));
    if (unknown !== undefined) throw unknownAttribute(unknown);
    const all = { ...queue.attributes, ...computed(queue, context.now) };
    const wanted = Object.entries(all).filter(([name]) => names.includes(name) || names.includes('All'));
    return wanted.length === 0 ? {} : { Attributes: Object.fromEntries(wanted) };
  },

  SetQueueAttributes(context, input) {
    const queue = queueOf(context, input);
    const attributes = checkQueueAttributes(filledMap(input, 'Attributes'));
    checkRedrive(context, queue.record.name, attributes);
    Object.assign(queue.record.attributes, attributes);
    queue.record.modified = context.wall;
    context.service.update(queue);
    return undefined;
  },

  TagQueue(context, input) {
    const queue = queueOf(context, input);
    const tags = { ...queue.record.tags, ...filledMap(input, 'Tags') };
    checkTags(tags, queue.record.name);
    queue.record.tags = tags;
    context.service.update(queue);
    return undefined;
  },

  UntagQueue(context, input) {
    const queue = queueOf(context, input);
    const keys = optionalStrings(input, 'TagKeys') ?? [];
    if (keys.length === 0) throw invalidKey();
    queue.record.tags = Object.fromEntries(Object.entries(queue.record.tags).filter(([key]) => !keys.includes(key)));
    context.service.update(queue);
    return undefined;
  },

  ListQueueTags(context, input) {
    const { tags } = queueOf(context, input).record;
    return Object.keys(tags).length > 0 ? { Tags: tags } : {};
  },
};

const NAME = /^[A-Za-z0-9_-]{1,80}$/;

/** A map that must have members. */
function filledMap(input: Input, name: string): Record<string, string> {
  const map = optionalStringMap(input, name) ?? {};
  if (Object.keys(map).length === 0) throw missing(name);
  return map;
}

function refuseDifference(existing: LiveQueue, attributes: QueueAttributes): void {
  const actual = existing.attributes;
  const wanted = withDefaults(attributes);
  const differing = Object.keys(attributes).find((name) => actual[name] !== wanted[name]);
  if (differing === undefined) return;
  const message = `A queue already exists with the same name and a different value for attribute ${differing}`;
  throw new SqsError('QueueNameExists', message);
}

/** Throws unless the dead-letter queue that the attributes name exists and allows this queue as its source. */
function checkRedrive(context: Context, name: string, attributes: QueueAttributes): void {
  const policy = parseRedrivePolicy(attributes.RedrivePolicy);
  if (!policy) return;
  const fail = (reason: string) => invalidValue('RedrivePolicy', attributes.RedrivePolicy, reason);
  const target = context.service.findByArn(policy.deadLetterTargetArn);
  if (!target) throw fail('Dead letter target does not exist.');
  const allow = parseRedriveAllowPolicy(target.record.attributes.RedriveAllowPolicy);
  const isAllowed =
    allow?.redrivePermission === 'allowAll' || allow?.sourceQueueArns?.includes(context.service.arnOf(name));
  if (allow && !isAllowed) throw fail('Dead letter target does not allow this queue as its source.');
}

function computed(queue: LiveQueue, now: number): QueueAttributes {
  const { visible, inFlight, delayed } = queue.messages.countsAt(now);
  return {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: String(Math.floor(queue.record.created / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.record.modified / 1000)),
    QueueArn: queue.arn,
  };
}

const MAX_TAGS = 50;

/** `name`: the queue's. */
function checkTags(tags: Record<string, string>, name: string): void {
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) {
    throw invalid(`Too many tags added for queue ${name}.`);
  }
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > 128) throw invalidKey();
    if (value.length > 256) throw invalid('Tag values must be between 0 and 256 characters in length.');
  }
}

const invalidKey = (): SqsError => invalid('Tag keys must be between 1 and 128 characters in length.');
