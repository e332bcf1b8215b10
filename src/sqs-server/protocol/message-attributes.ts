/**
 * Message attributes: checks those that are sent, reads those that are stored, and computes the MD5 digests that SQS returns
 * and SDKs verify.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
import * as crypto from 'node:crypto';
import { forbiddenCharacter } from '../../queue/sqs-messages.js';
import { type Input, isObject } from './request-input.js';
import { invalid } from './sqs-error.js';
import { MAX_MESSAGE_ATTRIBUTES } from './sqs-limits.js';

/** A message attribute as the API carries it; binary values in base64. */
interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

export type MessageAttributes = Record<string, MessageAttribute>;

// `crypto.hash` needs half the time, but Node 20.11 doesn't have it.
const { hash } = crypto as { hash?: (algorithm: string, data: string | Uint8Array) => string };
export const md5 = hash
  ? (data: string | Uint8Array) => hash('md5', data)
  : (data: string | Uint8Array) => crypto.createHash('md5').update(data).digest('hex');

const STRING_TRANSPORT = Buffer.from([1]);
const BINARY_TRANSPORT = Buffer.from([2]);

/** Digest of the attributes sorted by name: length and bytes of the name, the type and the value of each. */
export function md5OfAttributes(attributes: MessageAttributes): string {
  const parts: Buffer[] = [];
  const addWithLength = (bytes: Buffer) => {
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const { DataType, StringValue, BinaryValue } = attributes[name]!;
    addWithLength(Buffer.from(name));
    addWithLength(Buffer.from(DataType));
    parts.push(StringValue === undefined ? BINARY_TRANSPORT : STRING_TRANSPORT);
    addWithLength(StringValue === undefined ? Buffer.from(BinaryValue ?? '', 'base64') : Buffer.from(StringValue));
  }
  return md5(Buffer.concat(parts));
}

interface CheckedAttributes {
  /** Shared: don't change it. */
  attributes: MessageAttributes;
  /** As they are stored. */
  json: string;
  md5: string;
  /** Bytes that count towards the limits. */
  bytes: number;
}

/** Amazon's "alphanumeric": the text of its refusal names ASCII alone, but letters and digits of any script are taken. */
const NAME = /^[\p{L}\p{Nd}_\-.]{1,256}$/u;
const RESERVED = /^(aws|amazon)\.|^\.|\.$|\.\./i;
const TYPE = /^(String|Number|Binary)(\..{1,249})?$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** A fleet's messages carry few different attributes, so nearly all are checked once. By their JSON; all are forgotten at once. */
const checkedBefore = new Map<string, CheckedAttributes>();
/** So many results are kept, of texts of so many characters. */
const MAX_KEPT = 1_000;
const MAX_KEPT_LENGTH = 1_000;

/** Throws `InvalidParameterValue`. */
export function checkMessageAttributes(attributes: Input): CheckedAttributes {
  return checkStoredAttributes(JSON.stringify(attributes));
}

/** {@link checkMessageAttributes} for attributes as they are stored. */
export function checkStoredAttributes(json: string): CheckedAttributes {
  const known = checkedBefore.get(json);
  if (known) return known;
  const result = check(json);
  if (checkedBefore.size >= MAX_KEPT) checkedBefore.clear();
  if (json.length <= MAX_KEPT_LENGTH) checkedBefore.set(json, result);
  return result;
}

function check(json: string): CheckedAttributes {
  const attributes = Object.entries(JSON.parse(json) as Input);
  if (attributes.length > MAX_MESSAGE_ATTRIBUTES) {
    throw invalid(
      `Number of message attributes [${attributes.length}] exceeds the allowed maximum [${MAX_MESSAGE_ATTRIBUTES}].`,
    );
  }
  // Not assigned one by one: an assignment to `__proto__` adds no member.
  const checked: MessageAttributes = Object.fromEntries(
    attributes.map(([name, attribute]) => [name, checkAttribute(name, attribute)]),
  );
  const bytes = Object.entries(checked).reduce((sum, [name, { DataType, StringValue, BinaryValue = '' }]) => {
    const value = StringValue === undefined ? Buffer.byteLength(BinaryValue, 'base64') : Buffer.byteLength(StringValue);
    return sum + Buffer.byteLength(name) + Buffer.byteLength(DataType) + value;
  }, 0);
  return { attributes: checked, json: JSON.stringify(checked), md5: md5OfAttributes(checked), bytes };
}

/** Checks one attribute and returns its known members. */
function checkAttribute(name: string, attribute: unknown): MessageAttribute {
  const shown = name.slice(0, 300);
  if (!NAME.test(name)) {
    throw invalid(
      `The message attribute name '${shown}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), ` +
        'hyphen (-), and period (.) characters.',
    );
  }
  if (RESERVED.test(name)) {
    throw invalid(
      "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved for internal " +
        "use. Additionally, they cannot start or end with '.', nor contain '..'.",
    );
  }
  if (!isObject(attribute)) throw invalid(`The message attribute '${shown}' must be a structure.`);
  const { DataType, StringValue, BinaryValue } = attribute;
  if (typeof DataType !== 'string' || DataType === '') {
    throw invalid(`The message attribute '${shown}' must contain a non-empty message attribute type.`);
  }
  if (!TYPE.test(DataType)) {
    throw invalid(
      `The message attribute '${shown}' has an invalid message attribute type, the set of supported type prefixes is ` +
        'Binary, Number, and String.',
    );
  }
  const binary = DataType.startsWith('Binary');
  const value = binary ? BinaryValue : StringValue;
  if (typeof value !== 'string' || value === '') {
    throw invalid(`Message (user) attribute '${shown}' must contain a non-empty value of type '${DataType}'.`);
  }
  if (binary) return { DataType, BinaryValue: value };
  const problem = invalidText(value, `message attribute '${shown}'`);
  if (problem !== undefined) throw invalid(problem);
  if (DataType.startsWith('Number') && !isNumber(value)) {
    throw invalid(`Can't cast the value of message (user) attribute '${shown}' to a number.`);
  }
  return { DataType, StringValue: value };
}

/** Up to 38 digits, between -10^128 and 10^126. */
function isNumber(value: string): boolean {
  const mantissa = value.replace(/[eE].*$/, '');
  const digits = mantissa.replace(/\D/g, '').replace(/^0+/, '');
  return NUMBER.test(value) && digits.length <= 38 && Number(value) >= -1e128 && Number(value) <= 1e126;
}

/** What Amazon says about a text with a character that it does not allow; undefined: there is none. `where`: of the text. */
export function invalidText(text: string, where: string): string | undefined {
  const character = forbiddenCharacter(text);
  if (character === undefined) return undefined;
  const code = character.codePointAt(0)!.toString(16).toUpperCase();
  return (
    `Invalid binary character '#x${code}' was found in the ${where}, the set of allowed characters is ` +
    '#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].'
  );
}
