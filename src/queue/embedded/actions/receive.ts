/** ReceiveMessage. */
import { SqsError } from '../errors.js';
import { type Input, optionalInteger, optionalStrings } from '../input.js';
import { MAX_BATCH_ENTRIES, MAX_IN_FLIGHT, MAX_VISIBILITY, MAX_WAIT } from '../limits.js';
import type { LiveQueue } from '../live-queue.js';
import { type MessageAttributes, md5OfAttributes } from '../md5.js';
import { receiptHandle } from '../receipts.js';
import type { MessageMeta, StoredMessage } from '../store/message-table.js';
import { type Context, type Output, queueOf } from './context.js';
import { sequenceNumber } from './send.js';

export async function receiveMessage(context: Context, input: Input): Promise<Output> {
  const queue = queueOf(context, input);
  const max = optionalInteger(input, 'MaxNumberOfMessages', 1, MAX_BATCH_ENTRIES) ?? 1;
  const visibility = optionalInteger(input, 'VisibilityTimeout', 0, MAX_VISIBILITY);
  const wait = optionalInteger(input, 'WaitTimeSeconds', 0, MAX_WAIT);
  const wanted = wantedOf(input);
  const visibilityMs = visibility === undefined ? queue.settings.visibilityMs : visibility * 1000;
  const waitMs = wait === undefined ? queue.settings.waitMs : wait * 1000;
  if (queue.index.counts.inFlight >= MAX_IN_FLIGHT) {
    throw new SqsError('OverLimit', `More than ${MAX_IN_FLIGHT} messages are in flight. Delete some, or wait.`);
  }
  let messages = queue.take(max, visibilityMs, context.now);
  if (messages.length === 0 && waitMs > 0) {
    messages = await queue.polls.wait(max, visibilityMs, waitMs, context.signal());
  }
  return messages.length === 0 ? {} : { Messages: messages.map((message) => present(message, queue, wanted, context)) };
}

/** Which attributes the caller asked for. */
interface Wanted {
  system: (name: string) => boolean;
  /** Undefined: all of them. */
  custom: ((name: string) => boolean) | undefined;
}

const SYSTEM_ATTRIBUTES = [
  'All',
  'SenderId',
  'SentTimestamp',
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SequenceNumber',
  'MessageDeduplicationId',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
];

function wantedOf(input: Input): Wanted {
  // AttributeNames is the older name of MessageSystemAttributeNames; both may be given.
  const system = [
    ...optionalStrings(input, 'MessageSystemAttributeNames'),
    ...optionalStrings(input, 'AttributeNames'),
  ];
  for (const name of system) {
    if (!SYSTEM_ATTRIBUTES.includes(name)) throw new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  }
  const custom = optionalStrings(input, 'MessageAttributeNames');
  const prefixes = custom.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1));
  const all = custom.some((name) => name === 'All' || name === '.*');
  return {
    system: system.includes('All') ? () => true : (name) => system.includes(name),
    custom: all ? undefined : (name) => custom.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)),
  };
}

function present(message: StoredMessage, queue: LiveQueue, wanted: Wanted, context: Context): Output {
  const { id, seq, receives } = message;
  const system = systemAttributes(message, queue, context.accountId);
  const attributes = Object.fromEntries(Object.entries(system).filter(([name]) => wanted.system(name)));
  return {
    MessageId: id,
    ReceiptHandle: receiptHandle({ queueId: queue.record.id, seq, receives }, id),
    MD5OfBody: message.bodyMd5,
    Body: message.body,
    ...(Object.keys(attributes).length > 0 ? { Attributes: attributes } : {}),
    ...customAttributes(message, wanted.custom),
  };
}

function systemAttributes(message: StoredMessage, queue: LiveQueue, accountId: string): Record<string, string> {
  const meta: MessageMeta = message.meta === null ? {} : JSON.parse(message.meta);
  return {
    SenderId: accountId,
    SentTimestamp: String(message.sent),
    ApproximateReceiveCount: String(message.receives + (meta.earlierReceives ?? 0)),
    ApproximateFirstReceiveTimestamp: String(message.firstReceived),
    ...(queue.fifo ? { SequenceNumber: sequenceNumber(message.seq) } : {}),
    ...(meta.group === undefined ? {} : { MessageGroupId: meta.group }),
    ...(meta.deduplication === undefined ? {} : { MessageDeduplicationId: meta.deduplication }),
    ...(meta.trace === undefined ? {} : { AWSTraceHeader: meta.trace }),
    ...(meta.source === undefined ? {} : { DeadLetterQueueSourceArn: meta.source }),
  };
}

/** The digest covers what is returned: all attributes have theirs in store, a selection needs its own. */
function customAttributes({ attributes, attributesMd5 }: StoredMessage, wanted: Wanted['custom']): Output {
  if (attributes === null) return undefined;
  const all: MessageAttributes = JSON.parse(attributes);
  if (wanted === undefined) return { MessageAttributes: all, MD5OfMessageAttributes: attributesMd5 };
  const chosen = Object.fromEntries(Object.entries(all).filter(([name]) => wanted(name)));
  if (Object.keys(chosen).length === 0) return undefined;
  return { MessageAttributes: chosen, MD5OfMessageAttributes: md5OfAttributes(chosen) };
}
