/** Checks a message that is sent: body, attributes, delay, group. */
import { isAllowedText } from '../../queue/allowed-text.js';
import { md5OfBody } from './md5.js';
import { checkMessageAttributes } from './message-attributes.js';
import {
  type Input,
  isObject,
  optionalInteger,
  optionalMap,
  optionalString,
  optionalToken,
  requiredString,
} from './request-input.js';
import { invalidValue, missing, SqsError } from './sqs-error-answer.js';
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
  /** Milliseconds; undefined: the queue's delay. */
  delayMs: number | undefined;
  /** MessageGroupId, which asks for fair delivery. */
  group: string | undefined;
}

/** Throws {@link SqsError}. Does not check the size, whose limit depends on the queue. */
export function checkMessage(input: Input): CheckedMessage {
  const body = requiredString(input, 'MessageBody');
  if (body === '') throw missing('MessageBody');
  if (!isAllowedText(body)) {
    throw new SqsError('InvalidMessageContents', 'The message body contains characters outside the allowed set.');
  }
  const given = optionalMap(input, 'MessageAttributes');
  const attributes = given && Object.keys(given).length > 0 ? checkMessageAttributes(given) : undefined;
  const delay = optionalInteger(input, 'DelaySeconds', 0, MAX_DELAY);
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
