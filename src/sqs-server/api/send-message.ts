/** SendMessage, SendMessageBatch. */
import { createHash, randomUUID } from 'node:crypto';
import type { LiveQueue } from '../live-queue.js';
import { type CheckedMessage, checkMessage } from '../protocol/message-input.js';
import type { Input } from '../protocol/request-input.js';
import { invalidValue, missing, SqsError } from '../protocol/sqs-error.js';
import { MAX_MESSAGE_BYTES } from '../protocol/sqs-limits.js';
import type { MessageMeta, NewMessage } from '../store/message-table.js';
import { type Context, type Output, queueOf } from './action-context.js';
import { batchEntries, eachEntry } from './batch.js';

export function sendMessage(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const message = checkMessage(input);
  refuseUnfit(queue, message);
  return accept(context, queue, message, (accepted) => queue.index.add([accepted]));
}

export function sendMessageBatch(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const entries = batchEntries(input);
  let bytes = 0;
  const fit = new Map<string, CheckedMessage>();
  // First the checks, because the sum of the sizes decides about the whole batch.
  const checks = eachEntry(entries, ({ id, input: entry }) => {
    const message = checkMessage(entry);
    bytes += message.bytes;
    if (message.bytes <= MAX_MESSAGE_BYTES) refuseUnfit(queue, message);
    fit.set(id, message);
    return {};
  });
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new SqsError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MAX_MESSAGE_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
  }
  const accepted: NewMessage[] = [];
  const good = entries.filter(({ id }) => fit.has(id));
  const { Successful } = eachEntry(good, ({ id }) =>
    accept(context, queue, fit.get(id)!, (message) => accepted.push(message)),
  );
  if (accepted.length > 0) queue.index.add(accepted);
  return { Successful, Failed: checks.Failed };
}

/** Refuses what this queue doesn't take. */
function refuseUnfit(queue: LiveQueue, { bytes, group, deduplication, delayMs }: CheckedMessage): void {
  const { maxBytes, contentBased } = queue.settings;
  if (bytes > maxBytes) {
    throw new SqsError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${maxBytes} bytes.`,
    );
  }
  const wrongType = 'The request include parameter that is not valid for this queue type.';
  if (!queue.fifo) {
    // A group on a standard queue is allowed (it asks for fair delivery).
    if (deduplication !== undefined) throw invalidValue('MessageDeduplicationId', deduplication, wrongType);
    return;
  }
  if (group === undefined) throw missing('MessageGroupId');
  if (delayMs) throw invalidValue('DelaySeconds', delayMs / 1000, wrongType);
  if (deduplication === undefined && !contentBased) {
    throw new SqsError(
      'InvalidParameterValue',
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly.',
    );
  }
}

/** Answers for a message, and hands it to `add` unless a FIFO queue has had it already. */
function accept(
  context: Context,
  queue: LiveQueue,
  checked: CheckedMessage,
  add: (message: NewMessage) => void,
): Output {
  const { now, service } = context;
  const answer = {
    MD5OfMessageBody: checked.bodyMd5,
    ...(checked.attributesMd5 === null ? {} : { MD5OfMessageAttributes: checked.attributesMd5 }),
  };
  if (!queue.fifo) {
    const message = newMessage(queue, checked, now);
    add(message);
    return { MessageId: message.id, ...answer };
  }
  checked.deduplication ??= createHash('sha256').update(checked.body).digest('hex');
  const key = [queue.record.id, queue.settings.scopeByGroup ? checked.group! : '', checked.deduplication] as const;
  let known = service.deduplication.find(...key, now);
  if (!known) {
    const message = newMessage(queue, checked, now);
    known = { message: message.id, seq: message.seq };
    service.deduplication.put(...key, known, now);
    add(message);
  }
  return { MessageId: known.message, ...answer, SequenceNumber: sequenceNumber(known.seq) };
}

/** Twenty digits, as in SQS, so that they sort as text. */
export function sequenceNumber(seq: number): string {
  return String(seq).padStart(20, '0');
}

function newMessage(queue: LiveQueue, checked: CheckedMessage, now: number): NewMessage {
  const { body, bodyMd5, attributes, attributesMd5, trace, group, deduplication } = checked;
  const delayMs = checked.delayMs ?? queue.settings.delayMs;
  const meta: MessageMeta | undefined =
    trace === undefined && group === undefined
      ? undefined
      : {
          ...(trace === undefined ? {} : { trace }),
          ...(group === undefined ? {} : { group }),
          ...(deduplication === undefined ? {} : { deduplication }),
        };
  return {
    ...{ seq: queue.nextSeq(now), id: randomUUID(), body, bodyMd5, attributes, attributesMd5, sent: now },
    due: delayMs > 0 ? now + delayMs : null,
    meta: meta ? JSON.stringify(meta) : null,
  };
}
