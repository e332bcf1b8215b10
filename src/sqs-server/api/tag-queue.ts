/** TagQueue, UntagQueue, ListQueueTags. */
import { type Input, optionalStringMap, optionalStrings } from '../protocol/request-input.js';
import { missing, SqsError } from '../protocol/sqs-error-answer.js';
import { type Context, type Output, queueOf } from './action-context.js';

const MAX_TAGS = 50;

export function tagQueue(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const given = optionalStringMap(input, 'Tags');
  if (Object.keys(given).length === 0) throw missing('Tags');
  const tags = { ...queue.record.tags, ...given };
  checkTags(tags, queue.record.name);
  queue.record.tags = tags;
  context.service.update(queue);
  return undefined;
}

export function untagQueue(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const keys = optionalStrings(input, 'TagKeys');
  if (keys.length === 0) throw invalidKey();
  queue.record.tags = Object.fromEntries(Object.entries(queue.record.tags).filter(([key]) => !keys.includes(key)));
  context.service.update(queue);
  return undefined;
}

export function listQueueTags(context: Context, input: Input): Output {
  const { tags } = queueOf(context, input).record;
  return Object.keys(tags).length > 0 ? { Tags: tags } : {};
}

/** `name`: the queue's. */
export function checkTags(tags: Record<string, string>, name: string): void {
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) {
    throw new SqsError('InvalidParameterValue', `Too many tags added for queue ${name}.`);
  }
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > 128) throw invalidKey();
    if (value.length > 256) {
      throw new SqsError('InvalidParameterValue', 'Tag values must be between 0 and 256 characters in length.');
    }
  }
}

function invalidKey(): SqsError {
  return new SqsError('InvalidParameterValue', 'Tag keys must be between 1 and 128 characters in length.');
}
