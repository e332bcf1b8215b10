import { expect, test } from 'vitest';
import { md5, md5OfAttributes } from './message-attributes.js';

test('the body digest is that of its UTF-8 bytes', () => {
  // printf '🚀' | md5sum
  expect(md5('🚀')).toBe('107040754cae44f639957714f9eb5711');
});

// Published in the tests of several SQS implementations as what the service answers.
test.each([
  ['Number', '235c5c510d26fb653d073faed50ae77c'],
  ['Number.java.lang.Long', '2e2e4876d8e0bd6b8c2c8f556831c349'],
])('the digest of attributes of type %s is the one that Amazon SQS computes', (DataType, digest) => {
  expect(md5OfAttributes({ timestamp: { DataType, StringValue: '1493147359900' } })).toBe(digest);
});

test('the order of attributes does not matter, their kind does', () => {
  const a = { DataType: 'String', StringValue: 'x' };
  const b = { DataType: 'Binary', BinaryValue: Buffer.from('x').toString('base64') };
  expect(md5OfAttributes({ a, b })).toBe(md5OfAttributes({ b, a }));
  expect(md5OfAttributes({ a })).not.toBe(md5OfAttributes({ a: b }));
});
