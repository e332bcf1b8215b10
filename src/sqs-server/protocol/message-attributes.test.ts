import { expect, test } from 'vitest';
import { checkMessageAttributes, checkStoredAttributes, md5OfAttributes } from './message-attributes.js';

const text = (StringValue: unknown, DataType: unknown = 'String') => ({ DataType, StringValue });
const bytes = (BinaryValue: unknown, DataType = 'Binary') => ({ DataType, BinaryValue });

function refusal(attributes: Record<string, unknown>): string | undefined {
  try {
    checkMessageAttributes(attributes);
    return undefined;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

test('checked attributes are stored with their known members, their digest and their size', () => {
  const attributes = { text: { ...text('ü'), more: 1 }, bytes: { ...bytes('AP8H'), StringValue: 'ignored' } };
  const stored = { text: text('ü'), bytes: bytes('AP8H') };
  const checked = checkMessageAttributes(attributes);
  // Names, types and values: 4 + 6 + 2, and 5 + 6 + 3.
  expect(checked).toEqual({
    attributes: stored,
    json: JSON.stringify(stored),
    md5: md5OfAttributes(stored as never),
    bytes: 26,
  });
  expect(checkStoredAttributes(checked.json).attributes).toEqual(stored);
});

test.each(['a', 'aZ09_-.x', 'n'.repeat(256), 'awsome', 'amazonas', 'x.aws.y', 'aws', 'Größe', '温度', '٣'])(
  '%.20j may be a name',
  (name) => {
    expect(refusal({ [name]: text('x') })).toBeUndefined();
  },
);

test.each(['', 'n'.repeat(257), 'a b', 'a\u200bb', '🚀', 'a\n'])('%.20j may be no name', (name) => {
  expect(refusal({ [name]: text('x') })).toBe(
    `InvalidParameterValue: The message attribute name '${name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, ` +
      'underscore (_), hyphen (-), and period (.) characters.',
  );
});

test.each(['AWS.x', 'aws.x', 'Amazon.x', '.a', 'a.', 'a..b'])('%.20j may be no name', (name) => {
  expect(refusal({ [name]: text('x') })).toMatch(/^InvalidParameterValue: .*reserved.*start or end with/);
});

test('what an error says of a name is bounded', () => {
  expect(refusal({ ['n'.repeat(400)]: text('x') })).toContain(`'${'n'.repeat(300)}'`);
});

test.each(['String', 'Number', 'String.x', `Number.${'x'.repeat(249)}`])('%.20j may be a type', (type) => {
  expect(refusal({ a: text('1', type) })).toBeUndefined();
});

test.each([
  ['', 'non-empty message attribute type'],
  [undefined, 'non-empty message attribute type'],
  [5, 'non-empty message attribute type'],
  ['Text', 'invalid message attribute type'],
  ['xString', 'invalid message attribute type'],
  ['String.', 'invalid message attribute type'],
  ['Strings', 'invalid message attribute type'],
  [`String.${'x'.repeat(250)}`, 'invalid message attribute type'],
])('%.20j may be no type', (DataType, reason) => {
  const attribute = { StringValue: '1', ...(DataType === undefined ? {} : { DataType }) };
  expect(refusal({ a: attribute })).toMatch(new RegExp(`^InvalidParameterValue: .*'a'.*${reason}`));
});

test.each([
  ['an empty text', text('')],
  ['no text', text(5)],
  ['a text for bytes', text('x', 'Binary')],
  ['bytes for a text', { DataType: 'String', BinaryValue: 'AP8H' }],
  ['empty bytes', bytes('')],
])('a value must be of its type: %s', (_, attribute) => {
  expect(refusal({ a: attribute })).toBe(
    `InvalidParameterValue: Message (user) attribute 'a' must contain a non-empty value of type '${attribute.DataType}'.`,
  );
});

test.each([['x'], [null], [[]]])('%j is no structure', (attribute) => {
  expect(refusal({ a: attribute })).toMatch(/^InvalidParameterValue: .*must be a structure/);
});

test('a text must not contain characters that XML does not allow; bytes may be anything', () => {
  expect(refusal({ a: text('\u001f') })).toMatch(
    /^InvalidParameterValue: Invalid binary character '#x1F' .*'a'.*allowed/,
  );
  expect(refusal({ a: bytes('AQ==', 'Binary.x') })).toBeUndefined();
});

test.each(['0', '-1', '+1', '1.5', '1.', '.5', '1e5', '1E-5', '1e+5', `${'0'.repeat(10)}${'1'.repeat(38)}`])(
  '%j is a number',
  (value) => {
    expect(refusal({ a: text(value, 'Number') })).toBeUndefined();
  },
);

test.each(['-1e128', '1e126', '9'.repeat(38), `0.${'1'.repeat(37)}`, `${'1'.repeat(38)}e50`])(
  '%j is as large, or as exact, as a number may be',
  (value) => {
    expect(refusal({ a: text(value, 'Number') })).toBeUndefined();
  },
);

test.each([
  ...['ten', 'x1', '1x', '.', '', ' ', '1 ', '--1', '1e', '1e5.5', '0x1f', '1.0000001e126', '-1.0000001e128'],
  ...['1'.repeat(39), `0.${'1'.repeat(39)}`, '1e127', 'Infinity', '1,5'],
])('%j is no number', (value) => {
  expect(refusal({ a: text(value, 'Number.int') })).toMatch(/^InvalidParameterValue/);
});

test('there are at most ten attributes', () => {
  const attributes = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, text('x')]));
  expect(refusal(attributes(10))).toBeUndefined();
  expect(refusal(attributes(11))).toBe(
    'InvalidParameterValue: Number of message attributes [11] exceeds the allowed maximum [10].',
  );
});

test('results are memoized for short texts, and forgotten when there are a thousand', () => {
  const check = (value: string) => checkMessageAttributes({ memo: text(value) });
  expect(check('x')).toBe(check('x'));
  const long = 'l'.repeat(1_000);
  expect(check(long)).not.toBe(check(long));
  const first = check('0');
  for (let i = 1; i < 500; i++) check(`${i}`);
  expect(check('0')).toBe(first);
  for (let i = 500; i < 1_600; i++) check(`${i}`);
  expect(check('0')).not.toBe(first);
});
