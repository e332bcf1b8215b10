/** ChangeMessageVisibility, ChangeMessageVisibilityBatch. */
import type { LiveQueue } from '../live-queue.js';
import { parseReceiptHandle } from '../protocol/receipt-handle.js';
import { type Input, optionalInteger, requiredString } from '../protocol/request-input.js';
import { invalidValue, missing } from '../protocol/sqs-error-answer.js';
import { MAX_VISIBILITY } from '../protocol/sqs-limits.js';
import { type Context, type Output, queueOf } from './action-context.js';
import { batchEntries, eachEntry } from './batch-entries.js';

export function changeMessageVisibility(context: Context, input: Input): Output {
  change(context, queueOf(context, input), input);
  return undefined;
}

export function changeMessageVisibilityBatch(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  return eachEntry(batchEntries(input, 'ChangeMessageVisibility'), (entry) => {
    change(context, queue, entry.input);
    return {};
  });
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
