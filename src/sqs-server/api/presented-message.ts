/** A received message as the API returns it, with the attributes that the request asks for. */
import type { LiveQueue } from '../live-queue.js';
import { md5OfAttributes } from '../protocol/md5.js';
import { parseMessageAttributes } from '../protocol/message-attributes.js';
import { receiptHandle } from '../protocol/receipt-handle.js';
import { type Input, optionalStrings } from '../protocol/request-input.js';
import { SqsError } from '../protocol/sqs-error-answer.js';
import { parseMeta, type StoredMessage } from '../store/message-table.js';
import type { Output } from './action-context.js';

/** Which attributes the request asks for. */
interface Wanted {
  system: Set<string>;
  /** Undefined: all of them. */
  custom: ((name: string) => boolean) | undefined;
}

/** Names that a request may give. The standard queues of this server have no `SequenceNumber` and no `MessageDeduplicationId`. */
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

/** Throws `InvalidAttributeName`. */
export function wantedOf(input: Input): Wanted {
  // AttributeNames is the older name of MessageSystemAttributeNames; both may be given.
  const system = [
    ...optionalStrings(input, 'MessageSystemAttributeNames'),
    ...optionalStrings(input, 'AttributeNames'),
  ];
  for (const name of system) {
    if (!SYSTEM_ATTRIBUTES.includes(name)) throw new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  }
  const custom = optionalStrings(input, 'MessageAttributeNames');
  const prefixes = custom.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -2));
  const all = custom.some((name) => name === 'All' || name === '*' || name === '.*');
  return {
    system: new Set(system),
    custom: all ? undefined : (name) => custom.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)),
  };
}

export function present(message: StoredMessage, queue: LiveQueue, wanted: Wanted, accountId: string): Output {
  const { id, seq, receives } = message;
  const attributes = systemAttributes(message, wanted.system, accountId);
  return {
    MessageId: id,
    ReceiptHandle: receiptHandle({ queueId: queue.record.id, seq, receives }, id),
    MD5OfBody: message.bodyMd5,
    Body: message.body,
    ...(attributes ? { Attributes: attributes } : {}),
    ...customAttributes(message, wanted.custom),
  };
}

function systemAttributes(
  message: StoredMessage,
  wanted: Wanted['system'],
  accountId: string,
): Record<string, string> | undefined {
  if (wanted.size === 0) return undefined;
  const meta = parseMeta(message);
  const attributes: Record<string, string> = {};
  const add = (name: string, value: string | number | null | undefined) => {
    if (value !== undefined && (wanted.has(name) || wanted.has('All'))) attributes[name] = String(value);
  };
  add('SenderId', accountId);
  add('SentTimestamp', message.sent);
  add('ApproximateReceiveCount', message.receives + (meta.earlierReceives ?? 0));
  add('ApproximateFirstReceiveTimestamp', message.firstReceived);
  add('MessageGroupId', meta.group);
  add('AWSTraceHeader', meta.trace);
  add('DeadLetterQueueSourceArn', meta.source);
  return Object.keys(attributes).length > 0 ? attributes : undefined;
}

/** The digest covers the returned attributes: that of all of them is stored, that of a selection is computed. */
function customAttributes({ attributes, attributesMd5 }: StoredMessage, wanted: Wanted['custom']): Output {
  if (attributes === null) return undefined;
  const all = parseMessageAttributes(attributes);
  if (wanted === undefined) return { MessageAttributes: all, MD5OfMessageAttributes: attributesMd5 };
  const chosen = Object.fromEntries(Object.entries(all).filter(([name]) => wanted(name)));
  if (Object.keys(chosen).length === 0) return undefined;
  return { MessageAttributes: chosen, MD5OfMessageAttributes: md5OfAttributes(chosen) };
}
