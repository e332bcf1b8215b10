import { expect, test } from 'vitest';
import { SqsError } from '../protocol/sqs-error.js';
import { eachEntry } from './batch-entries.js';

const input = { Entries: ['a', 'b', 'c'].map((Id) => ({ Id })) };

test('an entry that is refused fails alone', () => {
  const output = eachEntry(input, 'SendMessage', ({ Id }) => {
    if (Id === 'b') throw new SqsError('InvalidMessageContents', 'not that');
    return { MessageId: `m-${Id}` };
  });
  expect(output).toEqual({
    Successful: ['a', 'c'].map((Id) => ({ Id, MessageId: `m-${Id}` })),
    Failed: [{ Id: 'b', Code: 'InvalidMessageContents', Message: 'not that', SenderFault: true }],
  });
});

test('a failure of the server is none of an entry: the whole batch fails, and is not half answered', () => {
  const broken = () => {
    throw new TypeError('a bug');
  };
  expect(() => eachEntry(input, 'SendMessage', broken)).toThrow('a bug');
});
