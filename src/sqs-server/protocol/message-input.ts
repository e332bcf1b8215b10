/** Checks a message that is sent: body, attributes, delay, group. */

import { md5OfBody } from './md5.js';
import { checkMessageAttributes, invalidText, parseMessageAttributes } from './message-attributes.js';
import { type Input, optionalInteger, optionalMap, optionalToken, requiredString } from './request-input.js';
import { invalidValue, missing, SqsError } from './sqs-error-answer.js';
import { MAX_DELAY } from './sqs-limits.js';

export interface CheckedMessage {
  body: string;
  bodyMd5: string;
  /** JSON; null = none. */
  attributes: string | null;
  attributesMd5: string | null;
  /** AWSTraceHeader, with the digest of the system attributes. */
  trace: { header: string; md5: string } | undefined;
  /** Bytes that count towards the limits. */
  bytes: number;
  /** Milliseconds; undefined: the queue's delay. */
  delayMs: number | undefined;
  /** MessageGroupId, which asks for fair delivery. */
  group: string | undefined;
}

/** Throws {@link SqsError}. Does not check the size, whose limit depends on the queue. */
export function checkMessage(input: Input): CheckedMessage {
  const body = requiredString(input, 'MessageBody');
  if (body === '') throw missing('MessageBody');
  const problem = invalidText(body, 'message body');
  if (problem !== undefined) throw new SqsError('InvalidMessageContents', problem);
  const given = optionalMap(input, 'MessageAttributes');
  const attributes = given && Object.keys(given).length > 0 ? checkMessageAttributes(given) : undefined;
  const delay = optionalInteger(input, 'DelaySeconds', 0, MAX_DELAY, `DelaySeconds must be >= 0 and <= ${MAX_DELAY}.`);
  refuseDeduplication(input);
  return {
    body,
    bodyMd5: md5OfBody(body),
    attributes: attributes?.json ?? null,
    attributesMd5: attributes?.md5 ?? null,
    trace: traceHeader(input),
    bytes: Buffer.byteLength(body) + (attributes?.bytes ?? 0),
    delayMs: delay === undefined ? undefined : delay * 1000,
    group: optionalToken(input, 'MessageGroupId'),
  };
}

/** Only FIFO queues take a deduplication id. */
function refuseDeduplication(input: Input): void {
  const id = optionalToken(input, 'MessageDeduplicationId');
  if (id === undefined) return;
  const reason = 'The request include parameter that is not valid for this queue type.';
  throw invalidValue('MessageDeduplicationId', id, reason);
}

/** The only system attribute that a sender may give is the trace header. */
function traceHeader(input: Input): CheckedMessage['trace'] {
  const given = Object.entries(optionalMap(input, 'MessageSystemAttributes') ?? {});
  const other = given.find(([name]) => name !== 'AWSTraceHeader');
  if (other) throw invalidValue('MessageSystemAttributes', other[0], 'Only AWSTraceHeader is allowed.');
  if (given.length === 0) return undefined;
  const { json, md5 } = checkMessageAttributes(Object.fromEntries(given));
  const { DataType, StringValue } = parseMessageAttributes(json).AWSTraceHeader!;
  if (DataType !== 'String') throw invalidValue('AWSTraceHeader', DataType, 'Its type must be String.');
  return { header: StringValue!, md5 };
}
