import { expect, test } from 'vitest';
import * as input from './request-input.js';

type Read = (value: unknown) => unknown;
const member: Record<string, Read> = {
  requiredString: (a) => input.requiredString({ a }, 'a'),
  optionalString: (a) => input.optionalString({ a }, 'a'),
  optionalToken: (a) => input.optionalToken({ a }, 'a'),
  optionalInteger: (a) => input.optionalInteger({ a }, 'a', 1, 5),
  optionalList: (a) => input.optionalList({ a }, 'a'),
  optionalStrings: (a) => input.optionalStrings({ a }, 'a'),
  optionalMap: (a) => input.optionalMap({ a }, 'a'),
  optionalStringMap: (a) => input.optionalStringMap({ a }, 'a'),
};
const ALL_TOKEN = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).join('');

test.each<[string, unknown, unknown]>([
  ['requiredString', '', ''],
  ['requiredString', 'x', 'x'],
  ['optionalString', 'x', 'x'],
  ['optionalToken', ALL_TOKEN, ALL_TOKEN],
  ['optionalToken', 'x'.repeat(128), 'x'.repeat(128)],
  ['optionalInteger', 1, 1],
  ['optionalInteger', 5, 5],
  ['optionalList', [1], [1]],
  ['optionalStrings', ['a'], ['a']],
  ['optionalMap', { b: 1 }, { b: 1 }],
  ['optionalStringMap', { b: 'c' }, { b: 'c' }],
])('%s takes %.40j', (name, value, read) => {
  expect(member[name]!(value)).toEqual(read);
});

test.each<[string, unknown]>([
  ['optionalString', undefined],
  ['optionalToken', undefined],
  ['optionalInteger', undefined],
  ['optionalList', undefined],
  ['optionalStrings', undefined],
  ['optionalMap', undefined],
  ['optionalStringMap', undefined],
])('%s of a member that is missing, or null, is %j', (name, read) => {
  expect([member[name]!(undefined), member[name]!(null)]).toEqual([read, read]);
});

test.each<[string, unknown, string, string]>([
  ['requiredString', undefined, 'MissingParameter', 'The request must contain the parameter a.'],
  ['requiredString', null, 'MissingParameter', 'The request must contain the parameter a.'],
  ['requiredString', 5, 'SerializationException', 'a must be a string.'],
  ['optionalString', {}, 'SerializationException', 'a must be a string.'],
  ['optionalToken', '', 'InvalidParameterValue', 'alphanumeric'],
  ['optionalToken', 'a b', 'InvalidParameterValue', 'Value a b for parameter a is invalid.'],
  ['optionalToken', 'ü', 'InvalidParameterValue', 'alphanumeric'],
  ['optionalToken', '\x7f', 'InvalidParameterValue', 'alphanumeric'],
  ['optionalToken', 'x'.repeat(129), 'InvalidParameterValue', '1 to 128 in length'],
  ['optionalInteger', '1', 'SerializationException', 'a must be an integer.'],
  ['optionalInteger', 1.5, 'SerializationException', 'a must be an integer.'],
  ['optionalInteger', 0, 'InvalidParameterValue', 'Must be between 1 and 5, if provided.'],
  ['optionalInteger', 6, 'InvalidParameterValue', 'Must be between 1 and 5, if provided.'],
  ['optionalList', {}, 'SerializationException', 'a must be a list.'],
  ['optionalStrings', ['a', 5], 'SerializationException', 'a must be a list of strings.'],
  ['optionalMap', [], 'SerializationException', 'a must be a map.'],
  ['optionalMap', 'x', 'SerializationException', 'a must be a map.'],
  ['optionalStringMap', { b: 'x', c: 5 }, 'SerializationException', 'a must be a map of strings.'],
])('%s refuses %.40j', (name, value, code, message) => {
  expect(() => member[name]!(value)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message), fault: 'Sender', status: 400 }),
  );
});
