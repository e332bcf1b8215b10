/**
 * The AWS JSON 1.0 protocol, as SQS speaks it: the action in `X-Amz-Target`, the input as JSON, errors by `__type`.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
 */
import { randomUUID } from 'node:crypto';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { findNestingProblem } from '../../lib/json.js';
import { type Input, isObject } from '../protocol/request-input.js';
import { SqsError } from '../protocol/sqs-error-answer.js';
import type { Action, Context } from './action-context.js';
import { deadLetterActions } from './dead-letter-actions.js';
import { messageActions } from './message-actions.js';
import { queueActions } from './queue-actions.js';

export interface SqsResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** Of a request that was refused. */
  code?: string;
}

/** By their name in `X-Amz-Target`. */
const ACTIONS: Record<string, Action> = { ...queueActions, ...messageActions, ...deadLetterActions };

const TARGET = /^AmazonSQS\.(\w+)$/;

/** Waits for no commit: received messages are on disk already, and deliveries are written later (see `store/write-buffer.ts`). */
const RECEIVE = 'AmazonSQS.ReceiveMessage';

/** The action of a request; undefined: this server does not support it. */
export function actionName(target: string | undefined): string | undefined {
  const name = TARGET.exec(target ?? '')?.[1];
  return name !== undefined && Object.hasOwn(ACTIONS, name) ? name : undefined;
}

/** Runs the action and answers once everything it wrote is on disk. Never rejects: every failure becomes an answer. */
export async function respond(context: Context, target: string | undefined, body: Uint8Array): Promise<SqsResponse> {
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-requestid': randomUUID(),
  };
  try {
    const output = await run(context, target, decode(body));
    if (target !== RECEIVE) await context.service.commits.committed();
    return { status: 200, headers, body: output === undefined ? '' : JSON.stringify(output) };
  } catch (error) {
    const failure = error instanceof SqsError ? error : internalFailure(context, error);
    headers['x-amzn-query-error'] = `${failure.legacyCode};${failure.fault}`;
    const answer = { __type: failure.type, message: failure.message };
    return { status: failure.status, headers, body: JSON.stringify(answer), code: failure.code };
  }
}

function run(context: Context, target: string | undefined, body: string) {
  const name = actionName(target);
  if (name !== undefined) return ACTIONS[name]!(context, parse(body));
  const unknown = TARGET.exec(target ?? '')?.[1];
  if (unknown === undefined) {
    throw new SqsError('MissingAction', 'The request must name its action: X-Amz-Target: AmazonSQS.<Action>.');
  }
  throw new SqsError('InvalidAction', `The action ${unknown} is not supported by this server.`);
}

// Without `fatal`, U+FFFD would silently replace invalid bytes.
const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new SqsError('SerializationException', 'The request body is not valid UTF-8.');
  }
}

function parse(body: string): Input {
  const problem = findNestingProblem(body);
  if (problem !== undefined) throw new SqsError('SerializationException', `The request body ${problem}.`);
  let input: unknown;
  try {
    input = body === '' ? {} : JSON.parse(body);
  } catch (error) {
    throw new SqsError('SerializationException', `The request body is not JSON: ${messageOf(error)}`);
  }
  if (!isObject(input)) throw new SqsError('SerializationException', 'The request body must be a JSON object.');
  return input;
}

function internalFailure({ service }: Context, error: unknown): SqsError {
  const unavailable = error instanceof AppError ? error : service.fail(error);
  if (unavailable) return new SqsError('ServiceUnavailable', unavailable.message, 'Receiver', 503);
  return new SqsError('InternalFailure', `The queue server failed: ${messageOf(error)}`, 'Receiver');
}
