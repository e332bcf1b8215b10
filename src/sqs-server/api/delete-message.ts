/** DeleteMessage, DeleteMessageBatch. Any receipt handle of a message deletes it, not only the latest. */
import { parseReceiptHandle } from '../protocol/receipt-handle.js';
import { type Input, requiredString } from '../protocol/request-input.js';
import { type Context, type Output, queueOf } from './action-context.js';
import { batchEntries, eachEntry } from './batch-entries.js';

export function deleteMessage(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const { seq } = parseReceiptHandle(requiredString(input, 'ReceiptHandle'), queue.record.id);
  queue.messages.remove([seq]);
  return undefined;
}

export function deleteMessageBatch(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const seqs: number[] = [];
  const output = eachEntry(batchEntries(input, 'DeleteMessage'), (entry) => {
    seqs.push(parseReceiptHandle(requiredString(entry.input, 'ReceiptHandle'), queue.record.id).seq);
    return {};
  });
  queue.messages.remove(seqs);
  return output;
}
