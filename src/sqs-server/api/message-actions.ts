/** The actions of the API for messages. */
import { randomUUID } from 'node:crypto';
import type { LiveQueue } from '../live-queue.js';
import { type CheckedMessage, checkMessage } from '../protocol/message-input.js';
import { parseReceiptHandle } from '../protocol/receipt-handle.js';
import { type Input, optionalInteger, requiredString } from '../protocol/request-input.js';
import { invalidValue, missing, SqsError } from '../protocol/sqs-error-answer.js';
import {
  MAX_BATCH_ENTRIES,
  MAX_IN_FLIGHT,
  MAX_MESSAGE_BYTES,
  MAX_VISIBILITY,
  MAX_WAIT,
} from '../protocol/sqs-limits.js';
import type { MessageMeta, NewMessage } from '../store/message-table.js';
import { type Action, type Context, type Output, queueOf } from './action-context.js';
import { batchEntries, eachEntry } from './batch-entries.js';
import { present, wantedOf } from './presented-message.js';

export const messageActions: Record<string, Action> = {
  SendMessage(context, input) {
    const queue = writableQueueOf(context, input);
    const checked = checkMessage(input);
    refuseTooLong(queue, checked, 'are invalid');
    const message = newMessage(queue, checked, context);
    queue.messages.add([message]);
    return presentSent(message, checked);
  },

  SendMessageBatch(context, input) {
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
  },

  async ReceiveMessage(context, input) {
    const queue = queueOf(context, input);
    const max = optionalInteger(input, 'MaxNumberOfMessages', 1, MAX_BATCH_ENTRIES) ?? 1;
    const visibility = optionalInteger(input, 'VisibilityTimeout', 0, MAX_VISIBILITY);
    const wait = optionalInteger(
      input,
      'WaitTimeSeconds',
      0,
      MAX_WAIT,
      `Must be >= 0 and <= ${MAX_WAIT}, if provided.`,
    );
    const wanted = wantedOf(input);
    const visibilityMs = visibility === undefined ? queue.settings.visibilityMs : visibility * 1000;
    const waitMs = wait === undefined ? queue.settings.waitMs : wait * 1000;
    const { messages: stored } = queue;
    // Counting those whose timeout is over costs a query, and is only needed at the limit.
    if (stored.counts.inFlight >= MAX_IN_FLIGHT && stored.countsAt(context.now).inFlight >= MAX_IN_FLIGHT) {
      throw new SqsError('OverLimit', `More than ${MAX_IN_FLIGHT} messages are in flight. Delete some, or wait.`);
    }
    let messages = queue.receive(max, visibilityMs, context.now);
    if (messages.length === 0 && waitMs > 0) {
      messages = await queue.polls.wait(max, visibilityMs, waitMs, context.signal());
    }
    if (messages.length === 0) return {};
    return { Messages: messages.map((message) => present(message, queue, wanted, context.accountId)) };
  },

  /** Any receipt handle of a message deletes it, not only the latest. */
  DeleteMessage(context, input) {
    const queue = queueOf(context, input);
    const { seq } = parseReceiptHandle(requiredString(input, 'ReceiptHandle'), queue.record.id);
    queue.messages.remove([seq]);
    return undefined;
  },

  DeleteMessageBatch(context, input) {
    const queue = queueOf(context, input);
    const seqs: number[] = [];
    const output = eachEntry(batchEntries(input, 'DeleteMessage'), (entry) => {
      seqs.push(parseReceiptHandle(requiredString(entry.input, 'ReceiptHandle'), queue.record.id).seq);
      return {};
    });
    queue.messages.remove(seqs);
    return output;
  },

  ChangeMessageVisibility(context, input) {
    change(context, queueOf(context, input), input);
    return undefined;
  },

  ChangeMessageVisibilityBatch(context, input) {
    const queue = queueOf(context, input);
    return eachEntry(batchEntries(input, 'ChangeMessageVisibility'), (entry) => {
      change(context, queue, entry.input);
      return {};
    });
  },
};

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
    seq: queue.nextSeq(now),
    id: randomUUID(),
    body,
    bodyMd5,
    attributes,
    attributesMd5,
    sent: wall,
    arrived: now,
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

function change({ now }: Context, queue: LiveQueue, input: Input): void {
  const handle = requiredString(input, 'ReceiptHandle');
  const timeout = optionalInteger(input, 'VisibilityTimeout', 0, MAX_VISIBILITY);
  if (timeout === undefined) throw missing('VisibilityTimeout');
  const { seq } = parseReceiptHandle(handle, queue.record.id);
  // As with Amazon, a handle of an earlier delivery will do, and one of a message that is visible again.
  if (queue.messages.reschedule(seq, now + timeout * 1000, now)) return;
  const reason = 'Message does not exist or is not available for visibility timeout change.';
  throw invalidValue('ReceiptHandle', handle, reason);
}
