/**
 * The AWS JSON 1.0 protocol, as SQS speaks it: the action in `X-Amz-Target`, the input as JSON, errors by `__type`.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
 */
import { randomUUID } from 'node:crypto';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { scanJson } from '../../lib/json.js';
import { type Input, isObject } from '../protocol/request-input.js';
import { SqsError } from '../protocol/sqs-error.js';
import type { Action, Context } from './action-context.js';
import { messageActions } from './message-actions.js';
import { queueActions } from './queue-actions.js';

/** By their name in `X-Amz-Target`. */
const ACTIONS = new Map<string, Action>(Object.entries({ ...queueActions, ...messageActions }));

/**
 * Runs the action and answers once everything it wrote is on disk. Never rejects: every failure becomes an answer with its
 * `code`. `action`: `unsupported` for one that this server does not know.
 */
export async function respond(context: Context, target: string | undefined, body: Uint8Array) {
  const name = /^AmazonSQS\.(\w+)$/.exec(target ?? '')?.[1];
  const action = ACTIONS.get(name ?? '');
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-requestid': randomUUID(),
  };
  const answer = { action: action && name !== undefined ? name : 'unsupported', headers };
  try {
    if (!action) throw unknownAction(name);
    const output = await action(context, parse(body));
    // Received messages are on disk already, and deliveries are written later (see `store/queue-messages.ts`).
    if (name !== 'ReceiveMessage') await context.service.commits.committed();
    return { ...answer, status: 200, code: undefined, body: output === undefined ? '' : JSON.stringify(output) };
  } catch (error) {
    const failure = error instanceof SqsError ? error : internalFailure(context, error);
    headers['x-amzn-query-error'] = `${failure.legacyCode};${failure.fault}`;
    const { status, code, type: __type, message } = failure;
    return { ...answer, status, code, body: JSON.stringify({ __type, message }) };
  }
}

function unknownAction(name: string | undefined): SqsError {
  if (name !== undefined) return new SqsError('InvalidAction', `The action ${name} is not supported by this server.`);
  return new SqsError(
    'MissingAction',
    'The request must name its action: X-Amz-Target: AmazonSQS.<Action>. This server speaks the JSON protocol of SQS, not ' +
      'the query (XML) protocol. Use an SDK version of 2024 or newer.',
  );
}

/**
 * Values of a request. Ten messages with ten attributes each have some hundreds. Millions, which 8 MiB can hold, take more
 * than a second to parse, and nobody is answered meanwhile; 8 MiB of text take some 30 ms.
 */
const MAX_VALUES = 10_000;

// Without `fatal`, U+FFFD would silently replace invalid bytes.
const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(body: Uint8Array): Input {
  const fail = (problem: string) => new SqsError('SerializationException', `The request body ${problem}.`);
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw fail('is not valid UTF-8');
  }
  const { problem } = scanJson(text, MAX_VALUES);
  if (problem !== undefined) throw fail(problem);
  let input: unknown;
  try {
    input = text === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw new SqsError('SerializationException', `The request body is not JSON: ${messageOf(error)}`);
  }
  if (!isObject(input)) throw fail('must be a JSON object');
  return input;
}

function internalFailure({ service }: Context, error: unknown): SqsError {
  const unavailable = error instanceof AppError ? error : service.fail(error);
  if (unavailable) return new SqsError('ServiceUnavailable', unavailable.message);
  return new SqsError('InternalFailure', `The queue server failed: ${messageOf(error)}`);
}
