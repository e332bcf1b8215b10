/** Converts messages between the `Queue` port and SQS. */
import type { Message, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import type { Attributes, OutgoingMessage, SeenMessage, SendResult } from './queue.js';

/** Attribute of a dead-lettered message with the reason. */
export const DEAD_LETTER_REASON_ATTRIBUTE = 'dead_letter_reason';
/** SQS allows ten attributes per message. */
export const MAX_ATTRIBUTES = 10;

/** Refuses a message for which SQS would refuse its whole batch. */
export function refusalOf({ body, attributes = {} }: OutgoingMessage): SendResult | undefined {
  const refuse = (code: string, reason: string): SendResult => ({ ok: false, code, reason, retryable: false });
  if (body === '') return refuse('EmptyMessage', 'the body is empty');
  if (isAllowedText(body) && Object.values(attributes).every(isAllowedText)) return undefined;
  return refuse('InvalidMessageContents', 'it contains characters that SQS does not accept');
}

export function toSqs({
  body,
  attributes,
}: OutgoingMessage): Pick<SendMessageCommandInput, 'MessageBody' | 'MessageAttributes'> {
  // SQS refuses empty values; a missing attribute means the same.
  const filled = Object.entries(attributes ?? {}).filter(([, value]) => value !== '');
  if (filled.length === 0) return { MessageBody: body };
  const MessageAttributes = Object.fromEntries(
    filled.map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
  return { MessageBody: body, MessageAttributes };
}

export function fromSqs({ MessageId, Body, ReceiptHandle, Attributes, MessageAttributes = {} }: Message): SeenMessage {
  const attributes: Attributes = Object.fromEntries(
    Object.entries(MessageAttributes).flatMap(([name, { StringValue }]) =>
      StringValue === undefined ? [] : [[name, StringValue]],
    ),
  );
  const exhausted = Attributes?.DeadLetterQueueSourceArn !== undefined;
  return {
    id: MessageId!,
    body: Body!,
    attributes,
    receipt: ReceiptHandle!,
    receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
    sentAt: Number(Attributes?.SentTimestamp ?? 0),
    // One that a move task of Amazon's has sent back still has the reason of the time before.
    deadLetterReason: exhausted ? undefined : attributes[DEAD_LETTER_REASON_ATTRIBUTE],
    exhausted,
    rawAttributes: MessageAttributes,
  };
}

/** The attributes of a dead-lettered message. The reason always fits: other attributes make way for it. */
export function withReason(attributes: Attributes, reason: string): Attributes {
  const text = isAllowedText(reason) ? reason : JSON.stringify(reason).replace(/[^\x20-\x7e]/g, '?');
  const others = Object.entries(attributes).filter(([name]) => name !== DEAD_LETTER_REASON_ATTRIBUTE);
  return {
    ...Object.fromEntries(others.slice(0, MAX_ATTRIBUTES - 1)),
    [DEAD_LETTER_REASON_ATTRIBUTE]: text.slice(0, 1_000) || 'unknown',
  };
}

// https://www.w3.org/TR/REC-xml/#charsets; with the u flag a lone surrogate is outside these ranges.
const FORBIDDEN = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/** Whether SQS accepts this text as a body or attribute: no control characters but three, no lone surrogates. */
export function isAllowedText(text: string): boolean {
  return !FORBIDDEN.test(text);
}

/** The first character that SQS does not accept, if there is one. */
export function forbiddenCharacter(text: string): string | undefined {
  return FORBIDDEN.exec(text)?.[0];
}
