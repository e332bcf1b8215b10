/** DeleteMessage, DeleteMessageBatch. */
import type { Input } from '../input.js';
import { requiredString } from '../input.js';
import { parseReceiptHandle } from '../receipts.js';
import { batchEntries, eachEntry } from './batch.js';
import { type Context, type Output, queueOf } from './context.js';

export function deleteMessage(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const { seq } = parseReceiptHandle(requiredString(input, 'ReceiptHandle'), queue.record.id);
  queue.index.remove([seq]);
  return undefined;
}

export function deleteMessageBatch(context: Context, input: Input): Output {
  const queue = queueOf(context, input);
  const seqs: number[] = [];
  const output = eachEntry(batchEntries(input), (entry) => {
    seqs.push(parseReceiptHandle(requiredString(entry.input, 'ReceiptHandle'), queue.record.id).seq);
    return {};
  });
  if (seqs.length > 0) queue.index.remove(seqs);
  return output;
}
