/** Checks what a caller wants to send: body, attributes, delay. */
import { isAllowedText } from '../allowed-text.js';
import { invalidValue, missing, SqsError } from './errors.js';
import { type Input, isObject, optionalInteger, optionalMap, optionalString, requiredString } from './input.js';
import { MAX_DELAY, MAX_MESSAGE_ATTRIBUTES } from './limits.js';
import { type MessageAttribute, type MessageAttributes, md5OfAttributes, md5OfBody } from './md5.js';

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

const NAME = /^[A-Za-z0-9_\-.]{1,256}$/;
const RESERVED = /^(aws|amazon)\.|^\.|\.$|\.\./i;
const TYPE = /^(String|Number|Binary)(\..{1,249})?$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const TOKEN = /^[\x21-\x7e]{1,128}$/;

export function checkMessage(input: Input): CheckedMessage {
  const body = requiredString(input, 'MessageBody');
  if (body === '') throw missing('MessageBody');
  refuseForbidden(body, 'message body');
  const attributes = optionalMap(input, 'MessageAttributes') ?? {};
  const names = Object.keys(attributes);
  let bytes = Buffer.byteLength(body);
  if (names.length > MAX_MESSAGE_ATTRIBUTES) {
    throw new SqsError(
      'InvalidParameterValue',
      `Number of message attributes [${names.length}] exceeds the allowed maximum [${MAX_MESSAGE_ATTRIBUTES}].`,
    );
  }
  for (const name of names) bytes += checkAttribute(name, attributes[name]);
  const checked = attributes as unknown as MessageAttributes;
  const delay = optionalInteger(input, 'DelaySeconds', 0, MAX_DELAY);
  return {
    body,
    bodyMd5: md5OfBody(body),
    attributes: names.length > 0 ? JSON.stringify(checked) : null,
    attributesMd5: names.length > 0 ? md5OfAttributes(checked) : null,
    trace: traceHeader(input),
    bytes,
    delayMs: delay === undefined ? undefined : delay * 1000,
    group: token(input, 'MessageGroupId'),
    deduplication: token(input, 'MessageDeduplicationId'),
  };
}

/** Checks one attribute; returns the bytes that it counts. */
function checkAttribute(name: string, attribute: unknown): number {
  const fail = (reason: string) =>
    new SqsError('InvalidParameterValue', `The message attribute '${name.slice(0, 300)}' ${reason}.`);
  if (!NAME.test(name) || RESERVED.test(name)) throw fail('has an invalid name');
  if (!isObject(attribute)) throw fail('must be a structure');
  const { DataType, StringValue, BinaryValue } = attribute as unknown as Partial<MessageAttribute>;
  if (typeof DataType !== 'string' || DataType === '') throw fail('must contain a non-empty message attribute type');
  if (!TYPE.test(DataType)) throw fail(`has an invalid message attribute type (${DataType.slice(0, 300)})`);
  const binary = DataType.startsWith('Binary');
  const value = binary ? BinaryValue : StringValue;
  if (typeof value !== 'string' || value === '') {
    throw fail(`must contain a non-empty message attribute value for message attribute type (${DataType})`);
  }
  const size = Buffer.byteLength(name) + Buffer.byteLength(DataType);
  if (binary) return size + Buffer.byteLength(value, 'base64');
  refuseForbidden(value, `message attribute '${name}'`);
  if (DataType.startsWith('Number') && !isNumber(value)) throw fail('does not hold a number');
  return size + Buffer.byteLength(value);
}

/** Up to 38 digits, between -10^128 and 10^126. */
function isNumber(value: string): boolean {
  const digits = value
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '');
  return NUMBER.test(value) && digits.length <= 38 && Number(value) >= -1e128 && Number(value) <= 1e126;
}

function refuseForbidden(text: string, where: string): void {
  if (isAllowedText(text)) return;
  throw new SqsError('InvalidMessageContents', `The ${where} contains characters outside the allowed set.`);
}

function traceHeader(input: Input): string | undefined {
  const attributes = optionalMap(input, 'MessageSystemAttributes') ?? {};
  for (const name of Object.keys(attributes)) {
    if (name !== 'AWSTraceHeader')
      throw invalidValue('MessageSystemAttributes', name, 'Only AWSTraceHeader is allowed.');
  }
  const trace = attributes.AWSTraceHeader;
  return isObject(trace) ? optionalString(trace, 'StringValue') : undefined;
}

function token(input: Input, name: string): string | undefined {
  const value = optionalString(input, name);
  if (value === undefined || TOKEN.test(value)) return value;
  throw invalidValue(
    name,
    value,
    `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}
