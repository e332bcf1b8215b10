/** TagQueue, UntagQueue, ListQueueTags. */

import { type Input, optionalStringMap, optionalStrings } from '../protocol/request-input.js';
import { invalidValue, SqsError } from '../protocol/sqs-error-answer.js';
import { type Context, type Output, queueOf } from './action-context.js';

const MAX_TAGS = 50;

export function tagQueue(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const tags = { ...queue.record.tags, ...optionalStringMap(input, 'Tags') };
  checkTags(tags);
  queue.record.tags = tags;
  context.service.update(queue);
  return undefined;
}

export function untagQueue(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const keys = optionalStrings(input, 'TagKeys');
  queue.record.tags = Object.fromEntries(Object.entries(queue.record.tags).filter(([key]) => !keys.includes(key)));
  context.service.update(queue);
  return undefined;
}

export function listQueueTags(context: Context, input: Input): Output {
  return { Tags: queueOf(context, input).record.tags };
}

export function checkTags(tags: Record<string, string>): void {
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) {
    throw new SqsError('InvalidParameterValue', `A queue can have at most ${MAX_TAGS} tags.`);
  }
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > 128) throw invalidValue('Tags', key, 'A tag key has 1 to 128 characters.');
    if (value.length > 256) throw invalidValue('Tags', value, 'A tag value has at most 256 characters.');
  }
}
