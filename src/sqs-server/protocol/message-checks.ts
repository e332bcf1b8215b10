/** Checks a message that is sent, and one that was read from the store. */
import { randomUUID } from 'node:crypto';
import { DEAD_LETTER_REASON_ATTRIBUTE } from '../../queue/sqs-messages.js';
import type { MessageMeta, StoredMessage } from '../store/message.js';
import {
  checkMessageAttributes,
  checkStoredAttributes,
  invalidText,
  type MessageAttributes,
  md5,
  md5OfAttributes,
} from './message-attributes.js';
import { type Input, optionalInteger, optionalMap, optionalToken, requiredString } from './request-input.js';
import { invalidValue, missing, SqsError } from './sqs-error.js';
import { MAX_DELAY, MAX_MESSAGE_ATTRIBUTES } from './sqs-limits.js';

/** What a message has from its queue and its request: `now` is elapsed time, `wall` Unix milliseconds. */
interface Origin {
  seq: number;
  now: number;
  wall: number;
  /** The queue's delay. */
  delayMs: number;
  trace: string | undefined;
}

/** Throws {@link SqsError}. Does not check the size, whose limit depends on the queue. */
export function checkMessage(input: Input, origin: Origin) {
  const body = requiredString(input, 'MessageBody');
  if (body === '') throw missing('MessageBody');
  const problem = invalidText(body, 'message body');
  if (problem !== undefined) throw new SqsError('InvalidMessageContents', problem);
  const given = optionalMap(input, 'MessageAttributes');
  const attributes = given && Object.keys(given).length > 0 ? checkMessageAttributes(given) : undefined;
  const delay = optionalInteger(input, 'DelaySeconds', 0, MAX_DELAY, `DelaySeconds must be >= 0 and <= ${MAX_DELAY}.`);
  const deduplication = optionalToken(input, 'MessageDeduplicationId');
  if (deduplication !== undefined) {
    const reason = 'The request include parameter that is not valid for this queue type.';
    throw invalidValue('MessageDeduplicationId', deduplication, reason);
  }
  const system = traceHeader(input);
  const trace = system?.header ?? origin.trace;
  const group = optionalToken(input, 'MessageGroupId');
  const meta: MessageMeta = { ...(trace === undefined ? {} : { trace }), ...(group === undefined ? {} : { group }) };
  const delayMs = delay === undefined ? origin.delayMs : delay * 1000;
  const message: StoredMessage = {
    seq: origin.seq,
    id: randomUUID(),
    body,
    bodyMd5: md5(body),
    attributes: attributes?.json ?? null,
    attributesMd5: attributes?.md5 ?? null,
    sent: origin.wall,
    arrived: origin.now,
    due: delayMs > 0 ? origin.now + delayMs : null,
    meta: trace === undefined && group === undefined ? undefined : meta,
    receives: 0,
    firstReceived: null,
  };
  // The bytes count towards the limits; without system attributes there is no digest of them.
  return { message, bytes: Buffer.byteLength(body) + (attributes?.bytes ?? 0), systemMd5: system?.md5 };
}

/** The only system attribute that a sender may give is the trace header. */
function traceHeader(input: Input): { header: string; md5: string } | undefined {
  const given = Object.entries(optionalMap(input, 'MessageSystemAttributes') ?? {});
  const other = given.find(([name]) => name !== 'AWSTraceHeader');
  if (other) throw invalidValue('MessageSystemAttributes', other[0], 'Only AWSTraceHeader is allowed.');
  if (given.length === 0) return undefined;
  const checked = checkMessageAttributes(Object.fromEntries(given));
  const { DataType, StringValue } = checked.attributes.AWSTraceHeader!;
  if (DataType !== 'String') throw invalidValue('AWSTraceHeader', DataType, 'Its type must be String.');
  return { header: StringValue!, md5: checked.md5 };
}

type MessageDamage = 'body' | 'attributes';

/** What does not fit the checksums of when it was sent; undefined: it is as it was sent. */
export function findMessageDamage(message: StoredMessage): MessageDamage | undefined {
  const { body, bodyMd5, attributes, attributesMd5 } = message;
  if (md5(body) !== bodyMd5) return 'body';
  if (attributes === null) return attributesMd5 === null ? undefined : 'attributes';
  try {
    return checkStoredAttributes(attributes).md5 === attributesMd5 ? undefined : 'attributes';
  } catch {
    return 'attributes';
  }
}

export const damageReason = (damage: MessageDamage): string =>
  `damaged in the store of the queue: its ${damage} and their checksum differ`;

/** A damaged message with the reason as an attribute, and with checksums that receivers accept. */
export function asDamagedLetter(message: StoredMessage, damage: MessageDamage): StoredMessage {
  const stored = damage === 'attributes' ? null : message.attributes;
  const known = stored === null ? {} : checkStoredAttributes(stored).attributes;
  const others = Object.entries(known).filter(([name]) => name !== DEAD_LETTER_REASON_ATTRIBUTE);
  const attributes: MessageAttributes = {
    ...Object.fromEntries(others.slice(0, MAX_MESSAGE_ATTRIBUTES - 1)),
    [DEAD_LETTER_REASON_ATTRIBUTE]: { DataType: 'String', StringValue: damageReason(damage) },
  };
  const json = JSON.stringify(attributes);
  return { ...message, bodyMd5: md5(message.body), attributes: json, attributesMd5: md5OfAttributes(attributes) };
}
