import { expect, test } from 'vitest';
import { valueWithoutSecrets, withoutSecrets } from './url-secrets.js';

test.each([
  ['http://me:s3cret@host:9324/000/q', 'http://host:9324/000/q'],
  ['http://s3cret@host/q', 'http://host/q'],
  ['http://me:s3@cret@host/q', 'http://host/q'],
  ['http://me:s3/cret@host/q', 'http://host/q'],
  ['https://host/q?token=s3cret&b=c#s3cret', 'https://host/q'],
  ['https://host?s3cret', 'https://host'],
  [
    'The queue http://me:s3cret@host/q is gone: see https://other/?k=s3cret now',
    'The queue http://host/q is gone: see https://other/ now',
  ],
  ['{"queue":"http://me:s3cret@host/q?a=s3cret"}', '{"queue":"http://host/q"}'],
  ['me:s3cret@host/q', 'host/q'],
  ['arn:aws:sqs:us-east-1:000000000000:readings', 'arn:aws:sqs:us-east-1:000000000000:readings'],
  ['is it there? yes', 'is it there? yes'],
  ['http://host:9324/000/q', 'http://host:9324/000/q'],
])('%j becomes %j', (text, shown) => {
  expect(withoutSecrets(text)).toBe(shown);
});

test('of the values of settings only texts can hold credentials', () => {
  const values = ['http://me:s3cret@host/q', 5, true, undefined, ['a']];
  expect(values.map(valueWithoutSecrets)).toEqual(['http://host/q', 5, true, undefined, ['a']]);
});
