/** ReceiveMessage. */

import type { LiveQueue } from '../live-queue.js';
import { type Input, optionalInteger, optionalToken } from '../protocol/request-input.js';
import { SqsError } from '../protocol/sqs-error.js';
import { MAX_BATCH_ENTRIES, MAX_IN_FLIGHT, MAX_VISIBILITY, MAX_WAIT } from '../protocol/sqs-limits.js';
import type { StoredMessage } from '../store/message-table.js';
import { type Context, type Output, queueOf } from './action-context.js';
import { present, wantedOf } from './presented-message.js';

interface Request {
  max: number;
  visibilityMs: number;
  waitMs: number;
}

export async function receiveMessage(context: Context, input: Input): Promise<Output> {
  const queue = queueOf(context, input);
  const max = optionalInteger(input, 'MaxNumberOfMessages', 1, MAX_BATCH_ENTRIES) ?? 1;
  const visibility = optionalInteger(input, 'VisibilityTimeout', 0, MAX_VISIBILITY);
  const wait = optionalInteger(input, 'WaitTimeSeconds', 0, MAX_WAIT);
  const attempt = queue.attempts && optionalToken(input, 'ReceiveRequestAttemptId');
  const wanted = wantedOf(input);
  const visibilityMs = visibility === undefined ? queue.settings.visibilityMs : visibility * 1000;
  const waitMs = wait === undefined ? queue.settings.waitMs : wait * 1000;
  const request: Request = { max, visibilityMs, waitMs };
  const messages =
    attempt === undefined
      ? await receive(context, queue, request)
      : await receiveOrRepeat(context, queue, request, attempt);
  if (messages.length === 0) return {};
  return { Messages: messages.map((message) => present(message, queue, wanted, context.accountId)) };
}

async function receive(context: Context, queue: LiveQueue, request: Request): Promise<StoredMessage[]> {
  const { max, visibilityMs, waitMs } = request;
  if (queue.index.inFlight >= MAX_IN_FLIGHT) {
    throw new SqsError('OverLimit', `More than ${MAX_IN_FLIGHT} messages are in flight. Delete some, or wait.`);
  }
  const messages = queue.take(max, visibilityMs, context.now);
  if (messages.length > 0 || waitMs === 0) return messages;
  return queue.polls.wait(max, visibilityMs, waitMs, context.signal());
}

async function receiveOrRepeat(
  context: Context,
  queue: LiveQueue,
  request: Request,
  attempt: string,
): Promise<StoredMessage[]> {
  const repeat = (now: number) => queue.attempts?.repeat(attempt, now + request.visibilityMs, now);
  const repeated = repeat(context.now);
  if (repeated) return repeated;
  const messages = await receive(context, queue, request);
  const now = Date.now();
  // While this call waited, an earlier one of the same attempt may have got what its client never saw.
  if (messages.length === 0) return repeat(now) ?? [];
  queue.attempts?.add(attempt, messages, now);
  return messages;
}
