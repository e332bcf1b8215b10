/** SendMessage, SendMessageBatch. */
import { randomUUID } from 'node:crypto';
import { SqsError } from '../errors.js';
import type { Input } from '../input.js';
import { MAX_MESSAGE_BYTES } from '../limits.js';
import type { LiveQueue } from '../live-queue.js';
import { type CheckedMessage, checkMessage } from '../message-input.js';
import type { NewMessage } from '../store/message-table.js';
import { batchEntries, eachEntry } from './batch.js';
import { type Context, type Output, queueOf } from './context.js';

export function sendMessage(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const message = newMessage(queue, check(queue, input), context.now);
  queue.index.add([message]);
  return receiptOf(message);
}

export function sendMessageBatch(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const messages: NewMessage[] = [];
  let bytes = 0;
  const output = eachEntry(batchEntries(input), (entry) => {
    const checked = check(queue, entry.input);
    bytes += checked.bytes;
    const message = newMessage(queue, checked, context.now);
    messages.push(message);
    return receiptOf(message);
  });
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new SqsError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
  }
  if (messages.length > 0) queue.index.add(messages);
  return output;
}

function check(queue: LiveQueue, input: Input): CheckedMessage {
  const message = checkMessage(input);
  if (message.bytes > queue.settings.maxBytes) {
    throw new SqsError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${queue.settings.maxBytes} bytes.`,
    );
  }
  return message;
}

function newMessage(queue: LiveQueue, message: CheckedMessage, now: number): NewMessage {
  const delayMs = message.delayMs ?? queue.settings.delayMs;
  return {
    seq: queue.nextSeq(now),
    id: randomUUID(),
    body: message.body,
    bodyMd5: message.bodyMd5,
    attributes: message.attributes,
    attributesMd5: message.attributesMd5,
    sent: now,
    due: delayMs > 0 ? now + delayMs : null,
    meta: message.trace === undefined ? null : JSON.stringify({ trace: message.trace }),
  };
}

function receiptOf(message: NewMessage): Output {
  return {
    MessageId: message.id,
    MD5OfMessageBody: message.bodyMd5,
    ...(message.attributesMd5 === null ? {} : { MD5OfMessageAttributes: message.attributesMd5 }),
  };
}
