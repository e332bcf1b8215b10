/** CreateQueue, GetQueueUrl. */
import { invalidValue, noSuchQueue, SqsError } from '../errors.js';
import { type Input, optionalStringMap, requiredString } from '../input.js';
import { checkAttributes, withDefaults } from '../queue-attributes.js';
import { type Context, type Output, queueUrl } from './context.js';

const NAME = /^[A-Za-z0-9_-]{1,80}$/;
const FIFO_NAME = /^[A-Za-z0-9_-]{1,75}\.fifo$/;

export function createQueue(context: Context, input: Input): Output {
  const name = requiredString(input, 'QueueName');
  const attributes = optionalStringMap(input, 'Attributes');
  // The two spellings come from the two generations of the protocol.
  const tags = { ...optionalStringMap(input, 'tags'), ...optionalStringMap(input, 'Tags') };
  const fifo = attributes.FifoQueue === 'true';
  if (!(fifo ? FIFO_NAME : NAME).test(name)) {
    const form = fifo ? 'end with .fifo, and otherwise ' : '';
    throw invalidValue(
      'QueueName',
      name,
      `It must ${form}consist of 1 to 80 letters, digits, hyphens and underscores.`,
    );
  }
  checkAttributes(attributes, fifo);
  const existing = context.service.find(name);
  if (!existing) {
    context.service.create(name, attributes, tags, context.now);
  } else {
    const wanted = Object.entries(withDefaults(attributes, fifo)).filter(([key]) => Object.hasOwn(attributes, key));
    const differing = wanted.find(([key, value]) => existing.attributes[key] !== value);
    if (differing) {
      throw new SqsError(
        'QueueNameExists',
        `A queue already exists with the same name and a different value for attribute ${differing[0]}.`,
      );
    }
  }
  return { QueueUrl: queueUrl(context, name) };
}

export function getQueueUrl(context: Context, input: Input): Output {
  const queue = context.service.find(requiredString(input, 'QueueName'));
  if (!queue) throw noSuchQueue();
  return { QueueUrl: queueUrl(context, queue.record.name) };
}
