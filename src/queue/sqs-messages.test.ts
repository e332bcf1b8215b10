import { expect, test } from 'vitest';
import { fromSqs, isAllowedText, refusalOf, toSqs, withReason } from './sqs-messages.js';

test.each([
  ['\t\n\r a\u007f\ud7ff', true],
  ['\ue000\ufffd🚀\u{10ffff}', true],
  ['', true],
  ['\u0000', false],
  ['a\u0008', false],
  ['\u000b', false],
  ['\u001f', false],
  ['\ufffe', false],
  ['\uffff', false],
  ['\ud800', false],
  ['a\udc00b', false],
])('SQS accepts %j: %s', (text, allowed) => {
  expect(isAllowedText(text)).toBe(allowed);
});

test.each([
  [{ body: 'x' }, undefined],
  [{ body: 'x', attributes: { a: '🚀' } }, undefined],
  [{ body: '' }, 'EmptyMessage'],
  [{ body: '\u0000' }, 'InvalidMessageContents'],
  [{ body: 'x', attributes: { a: 'ok', b: '\u0001' } }, 'InvalidMessageContents'],
])('%j is refused with %s', (message, code) => {
  const refusal = refusalOf(message as Parameters<typeof refusalOf>[0]);
  expect(refusal).toEqual(
    code && { ok: false, code, reason: expect.stringMatching(/^(the body is|it contains)/), retryable: false },
  );
});

test('attributes become strings of SQS; empty ones, and none at all, are left out', () => {
  expect(toSqs({ body: 'x', attributes: { a: '1', empty: '' } })).toEqual({
    MessageBody: 'x',
    MessageAttributes: { a: { DataType: 'String', StringValue: '1' } },
  });
  for (const message of [{ body: 'x' }, { body: 'x', attributes: {} }, { body: 'x', attributes: { empty: '' } }]) {
    expect(toSqs(message)).toEqual({ MessageBody: 'x' });
  }
});

test('a message of SQS is read with its counts, or their defaults', () => {
  expect(
    fromSqs({
      ...{ MessageId: 'id', Body: 'x', ReceiptHandle: 'r' },
      Attributes: { ApproximateReceiveCount: '3', SentTimestamp: '1700000000000' },
      MessageAttributes: {
        a: { DataType: 'String', StringValue: '1' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array(1) },
      },
    }),
  ).toMatchObject({
    ...{ id: 'id', body: 'x', receipt: 'r', attributes: { a: '1' }, receiveCount: 3, sentAt: 1_700_000_000_000 },
  });
  expect(fromSqs({ MessageId: 'id', Body: 'x', ReceiptHandle: 'r' })).toMatchObject({
    ...{ id: 'id', body: 'x', receipt: 'r', attributes: {}, receiveCount: 1, sentAt: 0 },
  });
});

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, String(i)]));

test.each([
  [{ a: '1' }, 'why', { a: '1', dead_letter_reason: 'why' }],
  [{ a: '1', dead_letter_reason: 'before' }, 'now', { a: '1', dead_letter_reason: 'now' }],
  [many(9), 'why', { ...many(9), dead_letter_reason: 'why' }],
  [many(10), 'why', { ...many(9), dead_letter_reason: 'why' }],
  [{ dead_letter_reason: 'before', ...many(9) }, 'now', { ...many(9), dead_letter_reason: 'now' }],
  [{}, '', { dead_letter_reason: 'unknown' }],
  [{}, 'a\u0001é', { dead_letter_reason: '"a\\u0001?"' }],
  [{}, 'x'.repeat(1001), { dead_letter_reason: 'x'.repeat(1000) }],
])('the reason joins %j', (attributes, reason, expected) => {
  expect(withReason(attributes as Record<string, string>, reason)).toEqual(expected);
});
