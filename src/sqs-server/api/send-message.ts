/** SendMessage, SendMessageBatch. */
import { randomUUID } from 'node:crypto';
import type { LiveQueue } from '../live-queue.js';
import { type CheckedMessage, checkMessage } from '../protocol/message-input.js';
import type { Input } from '../protocol/request-input.js';
import { SqsError } from '../protocol/sqs-error-answer.js';
import { MAX_MESSAGE_BYTES } from '../protocol/sqs-limits.js';
import type { MessageMeta, NewMessage } from '../store/message-table.js';
import { type Context, type Output, queueOf } from './action-context.js';
import { batchEntries, eachEntry } from './batch-entries.js';

export function sendMessage(context: Context, input: Input): Output {
  const queue = writableQueueOf(context, input);
  const checked = checkMessage(input);
  refuseTooLong(queue, checked, 'are invalid');
  const message = newMessage(queue, checked, context);
  queue.messages.add([message]);
  return presentSent(message, checked);
}

export function sendMessageBatch(context: Context, input: Input): Output {
  const queue = writableQueueOf(context, input);
  const accepted: NewMessage[] = [];
  let bytes = 0;
  const output = eachEntry(batchEntries(input, 'SendMessage'), ({ input: entry }) => {
    const checked = checkMessage(entry);
    bytes += checked.bytes;
    refuseTooLong(queue, checked, 'cannot be validated');
    const message = newMessage(queue, checked, context);
    accepted.push(message);
    return presentSent(message, checked);
  });
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new SqsError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
  }
  if (accepted.length > 0) queue.messages.add(accepted);
  return output;
}

/** Throws `QUEUE_STORE_FULL` while the disk has no room for further messages. */
function writableQueueOf(context: Context, input: Input): LiveQueue {
  const { problem } = context.service.store;
  if (problem) throw problem;
  return queueOf(context, input);
}

/** `problem`: Amazon words it differently for a message and for one of a batch. */
function refuseTooLong(queue: LiveQueue, { bytes }: CheckedMessage, problem: string): void {
  const { maxBytes } = queue.settings;
  if (bytes <= maxBytes) return;
  throw new SqsError(
    'InvalidParameterValue',
    `One or more parameters ${problem}. Reason: Message must be shorter than ${maxBytes} bytes.`,
  );
}

function newMessage(queue: LiveQueue, checked: CheckedMessage, context: Context): NewMessage {
  const { now, wall } = context;
  const { body, bodyMd5, attributes, attributesMd5, group } = checked;
  const trace = checked.trace?.header ?? context.trace;
  const delayMs = checked.delayMs ?? queue.settings.delayMs;
  const meta: MessageMeta = {
    ...(trace === undefined ? {} : { trace }),
    ...(group === undefined ? {} : { group }),
  };
  return {
    ...{ seq: queue.nextSeq(now), id: randomUUID(), body, bodyMd5, attributes, attributesMd5 },
    ...{ sent: wall, arrived: now },
    due: delayMs > 0 ? now + delayMs : null,
    meta: Object.keys(meta).length > 0 ? JSON.stringify(meta) : null,
  };
}

function presentSent({ id, bodyMd5, attributesMd5 }: NewMessage, { trace }: CheckedMessage): Output {
  return {
    MessageId: id,
    MD5OfMessageBody: bodyMd5,
    ...(attributesMd5 === null ? {} : { MD5OfMessageAttributes: attributesMd5 }),
    ...(trace === undefined ? {} : { MD5OfMessageSystemAttributes: trace.md5 }),
  };
}
