/** Compares a message that was read from the store with the checksums of when it was sent. */
import { DEAD_LETTER_REASON_ATTRIBUTE } from '../../queue/sqs-messages.js';
import type { StoredMessage } from '../store/message-table.js';
import { type MessageAttributes, md5OfAttributes, md5OfBody } from './md5.js';
import { checkStoredAttributes, parseMessageAttributes } from './message-attributes.js';
import { MAX_MESSAGE_ATTRIBUTES } from './sqs-limits.js';

type MessageDamage = 'body' | 'attributes';

/** What does not fit; undefined: it is as it was sent. */
export function findMessageDamage({
  body,
  bodyMd5,
  attributes,
  attributesMd5,
}: StoredMessage): MessageDamage | undefined {
  if (md5OfBody(body) !== bodyMd5) return 'body';
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
  const known =
    damage === 'attributes' || message.attributes === null ? {} : parseMessageAttributes(message.attributes);
  const others = Object.entries(known).filter(([name]) => name !== DEAD_LETTER_REASON_ATTRIBUTE);
  const attributes: MessageAttributes = {
    ...Object.fromEntries(others.slice(0, MAX_MESSAGE_ATTRIBUTES - 1)),
    [DEAD_LETTER_REASON_ATTRIBUTE]: { DataType: 'String', StringValue: damageReason(damage) },
  };
  return {
    ...message,
    bodyMd5: md5OfBody(message.body),
    attributes: JSON.stringify(attributes),
    attributesMd5: md5OfAttributes(attributes),
  };
}
