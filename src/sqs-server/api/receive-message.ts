/** ReceiveMessage. */
import { type Input, optionalInteger } from '../protocol/request-input.js';
import { SqsError } from '../protocol/sqs-error-answer.js';
import { MAX_BATCH_ENTRIES, MAX_IN_FLIGHT, MAX_VISIBILITY, MAX_WAIT } from '../protocol/sqs-limits.js';
import { type Context, type Output, queueOf } from './action-context.js';
import { present, wantedOf } from './presented-message.js';

export async function receiveMessage(context: Context, input: Input): Promise<Output> {
  const queue = queueOf(context, input);
  const max = optionalInteger(input, 'MaxNumberOfMessages', 1, MAX_BATCH_ENTRIES) ?? 1;
  const visibility = optionalInteger(input, 'VisibilityTimeout', 0, MAX_VISIBILITY);
  const wait = optionalInteger(input, 'WaitTimeSeconds', 0, MAX_WAIT, `Must be >= 0 and <= ${MAX_WAIT}, if provided.`);
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
}
