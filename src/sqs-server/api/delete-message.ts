/** DeleteMessage, DeleteMessageBatch. */

import type { LiveQueue } from '../live-queue.js';
import type { Input } from '../protocol/request-input.js';
import { requiredString } from '../protocol/request-input.js';
import { invalidValue } from '../protocol/sqs-error.js';
import { parseReceiptHandle } from '../receipts.js';
import { type Context, type Output, queueOf } from './action-context.js';
import { batchEntries, eachEntry } from './batch.js';

export function deleteMessage(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  queue.index.remove([messageOf(context, queue, input)]);
  return undefined;
}

export function deleteMessageBatch(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const seqs: number[] = [];
  const output = eachEntry(batchEntries(input), (entry) => {
    seqs.push(messageOf(context, queue, entry.input));
    return {};
  });
  queue.index.remove(seqs);
  return output;
}

/**
 * A standard queue deletes by any receipt of the message, also one from before a restart. In a FIFO queue a message
 * that came back may be with somebody else, who must not lose it.
 */
function messageOf({ now }: Context, queue: LiveQueue, input: Input): number {
  const handle = requiredString(input, 'ReceiptHandle');
  const { seq, receives } = parseReceiptHandle(handle, queue.record.id);
  const state = queue.fifo ? queue.index.find(seq, now) : undefined;
  if (state && (!state.inFlight || state.receives !== receives)) {
    throw invalidValue('ReceiptHandle', handle, 'The receipt handle has expired.');
  }
  return seq;
}
