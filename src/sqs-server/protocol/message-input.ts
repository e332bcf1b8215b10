/** Checks what a caller wants to send: body, attributes, delay. */
import { isAllowedText } from '../../queue/allowed-text.js';
import { md5OfBody } from './md5.js';
import { checkAttributes } from './message-attributes.js';
import {
  type Input,
  isObject,
  optionalInteger,
  optionalMap,
  optionalString,
  optionalToken,
  requiredString,
} from './request-input.js';
import { invalidValue, missing, SqsError } from './sqs-error.js';
import { MAX_DELAY } from './sqs-limits.js';

export interface CheckedMessage {
  body: string;
  bodyMd5: string;
  /** JSON; null = none. */
  attributes: string | null;
  attributesMd5: string | null;
  /** AWSTraceHeader. */
  trace: string | undefined;
  /** Bytes that count towards the limits. */
  bytes: number;
  /** Milliseconds; undefined: the queue's. */
  delayMs: number | undefined;
  group: string | undefined;
  deduplication: string | undefined;
}

/** Throws {@link SqsError}. Whether the message fits the queue is not looked at here. */
export function checkMessage(input: Input): CheckedMessage {
  const body = requiredString(input, 'MessageBody');
  if (body === '') throw missing('MessageBody');
  if (!isAllowedText(body)) {
    throw new SqsError('InvalidMessageContents', 'The message body contains characters outside the allowed set.');
  }
  const given = optionalMap(input, 'MessageAttributes');
  const attributes = given && Object.keys(given).length > 0 ? checkAttributes(given) : undefined;
  const delay = optionalInteger(input, 'DelaySeconds', 0, MAX_DELAY);
  return {
    body,
    bodyMd5: md5OfBody(body),
    attributes: attributes?.json ?? null,
    attributesMd5: attributes?.md5 ?? null,
    trace: traceHeader(input),
    bytes: Buffer.byteLength(body) + (attributes?.bytes ?? 0),
    delayMs: delay === undefined ? undefined : delay * 1000,
    group: optionalToken(input, 'MessageGroupId'),
    deduplication: optionalToken(input, 'MessageDeduplicationId'),
  };
}

function traceHeader(input: Input): string | undefined {
  const attributes = optionalMap(input, 'MessageSystemAttributes') ?? {};
  for (const name of Object.keys(attributes)) {
    if (name !== 'AWSTraceHeader') {
      throw invalidValue('MessageSystemAttributes', name, 'Only AWSTraceHeader is allowed.');
    }
  }
  const trace = attributes.AWSTraceHeader;
  return isObject(trace) ? optionalString(trace, 'StringValue') : undefined;
}
