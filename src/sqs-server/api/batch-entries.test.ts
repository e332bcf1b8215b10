import { expect, test } from 'vitest';
import { SqsError } from '../protocol/sqs-error-answer.js';
import { eachEntry } from './batch-entries.js';

const entries = ['a', 'b', 'c'].map((id) => ({ id, input: {} }));

test('an entry that is refused fails alone', () => {
  const output = eachEntry(entries, ({ id }) => {
    if (id === 'b') throw new SqsError('InvalidMessageContents', 'not that');
    return { MessageId: `m-${id}` };
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
  expect(() => eachEntry(entries, broken)).toThrow('a bug');
});
