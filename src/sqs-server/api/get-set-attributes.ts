/** GetQueueAttributes, SetQueueAttributes. */
import type { LiveQueue } from '../live-queue.js';
import {
  checkQueueAttributes,
  isAttributeName,
  parseRedriveAllowPolicy,
  parseRedrivePolicy,
  type QueueAttributes,
} from '../protocol/queue-attributes.js';
import { type Input, optionalStringMap, optionalStrings } from '../protocol/request-input.js';
import { invalidValue, missing, SqsError } from '../protocol/sqs-error-answer.js';
import { type Context, type Output, queueOf } from './action-context.js';

export function getQueueAttributes(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const names = optionalStrings(input, 'AttributeNames');
  for (const name of names) {
    if (!isAttributeName(name)) throw new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  }
  const all = { ...queue.attributes, ...computed(queue, context.now) };
  const wanted = Object.entries(all).filter(([name]) => names.includes(name) || names.includes('All'));
  return wanted.length === 0 ? {} : { Attributes: Object.fromEntries(wanted) };
}

export function setQueueAttributes(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const given = optionalStringMap(input, 'Attributes');
  if (Object.keys(given).length === 0) throw missing('Attributes');
  const attributes = checkQueueAttributes(given);
  checkRedrive(context, queue.record.name, attributes);
  Object.assign(queue.record.attributes, attributes);
  queue.record.modified = context.wall;
  context.service.update(queue);
  return undefined;
}

/** Throws unless the dead-letter queue that the attributes name exists and allows this queue as its source. */
export function checkRedrive(context: Context, name: string, attributes: QueueAttributes): void {
  const policy = parseRedrivePolicy(attributes.RedrivePolicy);
  if (!policy) return;
  const fail = (reason: string) => invalidValue('RedrivePolicy', attributes.RedrivePolicy, reason);
  const target = context.service.findByArn(policy.deadLetterTargetArn);
  if (!target) throw fail('Dead letter target does not exist.');
  const allow = parseRedriveAllowPolicy(target.record.attributes.RedriveAllowPolicy);
  const arn = context.service.arnOf(name);
  const allowed =
    allow === undefined || allow.redrivePermission === 'allowAll' || allow.sourceQueueArns?.includes(arn) === true;
  if (!allowed) throw fail('Dead letter target does not allow this queue as its source.');
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
