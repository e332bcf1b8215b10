/** The actions of the API for messages. */
import type { LiveQueue } from '../live-queue.js';
import { checkStoredAttributes, md5OfAttributes } from '../protocol/message-attributes.js';
import { checkMessage } from '../protocol/message-checks.js';
import { ACCOUNT_ID } from '../protocol/queue-attributes.js';
import { type Input, optionalInteger, optionalStrings, requiredString } from '../protocol/request-input.js';
import { invalid, invalidValue, missing, SqsError, unknownAttribute } from '../protocol/sqs-error.js';
import {
  MAX_BATCH_ENTRIES,
  MAX_IN_FLIGHT,
  MAX_MESSAGE_BYTES,
  MAX_VISIBILITY,
  MAX_WAIT,
} from '../protocol/sqs-limits.js';
import type { StoredMessage } from '../store/message.js';
import { type Action, type Context, type Output, queueOf } from './action-context.js';
import { eachEntry } from './batch-entries.js';

export const messageActions: Record<string, Action> = {
  SendMessage(context, input) {
    const queue = writableQueueOf(context, input);
    const { message, bytes, output } = checkSent(context, queue, input);
    refuseTooLong(queue, bytes, 'are invalid');
    queue.messages.add([message]);
    return output;
  },

  SendMessageBatch(context, input) {
    const queue = writableQueueOf(context, input);
    const accepted: StoredMessage[] = [];
    let total = 0;
    const output = eachEntry(input, 'SendMessage', (entry) => {
      const { message, bytes, output } = checkSent(context, queue, entry);
      total += bytes;
      refuseTooLong(queue, bytes, 'cannot be validated');
      accepted.push(message);
      return output;
    });
    if (total > MAX_MESSAGE_BYTES) {
      const message = `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes. You have sent ${total} bytes.`;
      throw new SqsError('BatchRequestTooLong', message);
    }
    if (accepted.length > 0) queue.messages.add(accepted);
    return output;
  },

  async ReceiveMessage(context, input) {
    const queue = queueOf(context, input);
    const max = optionalInteger(input, 'MaxNumberOfMessages', 1, MAX_BATCH_ENTRIES) ?? 1;
    const visibility = optionalInteger(input, 'VisibilityTimeout', 0, MAX_VISIBILITY);
    const reason = `Must be >= 0 and <= ${MAX_WAIT}, if provided.`;
    const wait = optionalInteger(input, 'WaitTimeSeconds', 0, MAX_WAIT, reason);
    const wanted = wantedOf(input);
    const visibilityMs = visibility === undefined ? queue.settings.visibilityMs : visibility * 1000;
    const waitMs = wait === undefined ? queue.settings.waitMs : wait * 1000;
    if (queue.messages.hasInFlight(MAX_IN_FLIGHT, context.now)) {
      throw new SqsError('OverLimit', `More than ${MAX_IN_FLIGHT} messages are in flight. Delete some, or wait.`);
    }
    let messages = queue.receive(max, visibilityMs, context.now);
    if (messages.length === 0 && waitMs > 0) {
      messages = await queue.polls.wait(max, visibilityMs, waitMs, context.signal());
    }
    if (messages.length === 0) return {};
    return { Messages: messages.map((message) => present(message, queue, wanted)) };
  },

  ...ofOneMessage('DeleteMessage', deleteMessage),
  ...ofOneMessage('ChangeMessageVisibility', changeVisibility),
};

type OneMessage = (context: Context, queue: LiveQueue, input: Input) => undefined;

/** An action of a message, and the same for each of a batch. */
function ofOneMessage(name: 'DeleteMessage' | 'ChangeMessageVisibility', run: OneMessage): Record<string, Action> {
  return {
    [name]: (context, input) => run(context, queueOf(context, input), input),
    [`${name}Batch`](context, input) {
      const queue = queueOf(context, input);
      return eachEntry(input, name, (entry) => run(context, queue, entry));
    },
  };
}

/** Throws `QUEUE_STORE_FULL` while the disk has no room for further messages. */
function writableQueueOf(context: Context, input: Input): LiveQueue {
  const { problem } = context.service.store;
  if (problem) throw problem;
  return queueOf(context, input);
}

/** The message that is sent, with its size, and the answer to it. */
function checkSent({ now, wall, trace }: Context, queue: LiveQueue, input: Input) {
  const { delayMs } = queue.settings;
  const origin = { seq: queue.messages.nextSeq(now), now, wall, delayMs, trace };
  const { message, bytes, systemMd5 } = checkMessage(input, origin);
  const output = {
    MessageId: message.id,
    MD5OfMessageBody: message.bodyMd5,
    MD5OfMessageAttributes: message.attributesMd5 ?? undefined,
    MD5OfMessageSystemAttributes: systemMd5,
  };
  return { message, bytes, output };
}

/** `problem`: Amazon words it differently for a message and for one of a batch. */
function refuseTooLong({ settings }: LiveQueue, bytes: number, problem: string): void {
  if (bytes <= settings.maxBytes) return;
  throw invalid(`One or more parameters ${problem}. Reason: Message must be shorter than ${settings.maxBytes} bytes.`);
}

/** Any receipt handle of a message deletes it, not only the latest. */
function deleteMessage(_: Context, queue: LiveQueue, input: Input): undefined {
  queue.messages.remove([receiptOf(queue, input)]);
}

function changeVisibility({ now }: Context, queue: LiveQueue, input: Input): undefined {
  const handle = requiredString(input, 'ReceiptHandle');
  const timeout = optionalInteger(input, 'VisibilityTimeout', 0, MAX_VISIBILITY);
  if (timeout === undefined) throw missing('VisibilityTimeout');
  // As with Amazon, a handle of an earlier delivery will do, and one of a message that is visible again.
  if (queue.messages.reschedule(receiptOf(queue, input), now + timeout * 1000, now)) return;
  const reason = 'Message does not exist or is not available for visibility timeout change.';
  throw invalidValue('ReceiptHandle', handle, reason);
}

/** A receipt handle names one delivery of one message, and stays valid after a restart: queue, message, deliveries, id. */
const RECEIPT_HANDLE = /^(\d{1,9})\.(\d{1,16})\.\d{1,9}\.[0-9a-f-]{36}$/;

/** The `seq` in the request's receipt handle. Throws `ReceiptHandleIsInvalid` unless it is one of this queue. */
function receiptOf(queue: LiveQueue, input: Input): number {
  const handle = requiredString(input, 'ReceiptHandle');
  const [, queueId, seq] = RECEIPT_HANDLE.exec(handle) ?? [];
  if (Number(queueId) === queue.record.id) return Number(seq);
  const message = `The input receipt handle "${handle.slice(0, 100)}" is not a valid receipt handle.`;
  throw new SqsError('ReceiptHandleIsInvalid', message);
}

type ReadAttribute = (message: StoredMessage) => string | number | null | undefined;

/** System attributes by name. The standard queues of this server have no value for two of them. */
const SYSTEM_ATTRIBUTES: Record<string, ReadAttribute> = {
  SenderId: () => ACCOUNT_ID,
  SentTimestamp: ({ sent }) => sent,
  ApproximateReceiveCount: ({ receives, meta }) => receives + (meta?.earlierReceives ?? 0),
  ApproximateFirstReceiveTimestamp: ({ firstReceived }) => firstReceived,
  SequenceNumber: () => undefined,
  MessageDeduplicationId: () => undefined,
  MessageGroupId: ({ meta }) => meta?.group,
  AWSTraceHeader: ({ meta }) => meta?.trace,
  DeadLetterQueueSourceArn: ({ meta }) => meta?.source,
};

type Wanted = ReturnType<typeof wantedOf>;

/** Which attributes a request asks for. Throws `InvalidAttributeName`. */
function wantedOf(input: Input) {
  // AttributeNames is the older name of MessageSystemAttributeNames; both may be given.
  const members = ['MessageSystemAttributeNames', 'AttributeNames'];
  const system = members.flatMap((member) => optionalStrings(input, member) ?? []);
  const unknown = system.find((name) => name !== 'All' && !Object.hasOwn(SYSTEM_ATTRIBUTES, name));
  if (unknown !== undefined) throw unknownAttribute(unknown);
  const custom = optionalStrings(input, 'MessageAttributeNames') ?? [];
  const prefixes = custom.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -2));
  const all = custom.some((name) => name === 'All' || name === '*' || name === '.*');
  return {
    system: new Set(system.includes('All') ? Object.keys(SYSTEM_ATTRIBUTES) : system),
    // Undefined: all of them.
    custom: all
      ? undefined
      : (name: string) => custom.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)),
  };
}

function present(message: StoredMessage, queue: LiveQueue, wanted: Wanted): Output {
  const attributes: Record<string, string> = {};
  for (const name of wanted.system) {
    const value = SYSTEM_ATTRIBUTES[name]!(message);
    if (value !== undefined) attributes[name] = String(value);
  }
  return {
    MessageId: message.id,
    ReceiptHandle: `${queue.record.id}.${message.seq}.${message.receives}.${message.id}`,
    MD5OfBody: message.bodyMd5,
    Body: message.body,
    ...(Object.keys(attributes).length > 0 ? { Attributes: attributes } : {}),
    ...customAttributes(message, wanted.custom),
  };
}

/** The digest covers the returned attributes: that of all of them is stored, that of a selection is computed. */
function customAttributes({ attributes, attributesMd5 }: StoredMessage, wanted: Wanted['custom']): Output {
  if (attributes === null) return undefined;
  const all = checkStoredAttributes(attributes).attributes;
  if (wanted === undefined) return { MessageAttributes: all, MD5OfMessageAttributes: attributesMd5 };
  const chosen = Object.fromEntries(Object.entries(all).filter(([name]) => wanted(name)));
  if (Object.keys(chosen).length === 0) return undefined;
  return { MessageAttributes: chosen, MD5OfMessageAttributes: md5OfAttributes(chosen) };
}
