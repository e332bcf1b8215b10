import { expect, test } from 'vitest';
import { AppError, messageOf, withContext } from './app-error.js';

const cause = new Error('ECONNREFUSED');

test('an error says what, what to do, and what is underneath; whose fault and the exit code come from the table', () => {
  const options = { cause, hint: 'Start it.', details: ['last line'] };
  expect(new AppError('QUEUE_UNREACHABLE', 'no answer', options)).toMatchObject({
    ...{ name: 'AppError', code: 'QUEUE_UNREACHABLE', fault: 'system', exitCode: 1, message: 'no answer' },
    ...options,
  });
  const bare = new AppError('BAD_SETTING', 'no');
  expect(bare).toMatchObject({ fault: 'user', exitCode: 2, hint: undefined, details: [] });
  expect('cause' in bare).toBe(false);
});

test('more context changes what it names, and keeps the rest', () => {
  const error = new AppError('NO_SUCH_FILE', 'none', { cause, hint: 'Name one.', details: ['a'] });
  expect(withContext(error, {})).toEqual(error);
  expect(withContext(error, { message: 'no file x', hint: 'Name x.', details: ['b'] })).toMatchObject({
    ...{ code: 'NO_SUCH_FILE', exitCode: 2, message: 'no file x', hint: 'Name x.', details: ['b'], cause },
  });
});

test('anything that was thrown has a message', () => {
  const connects = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]);
  const named = new AggregateError([new Error('inner')], 'outer');
  expect([new Error('a'), 'b', 5, undefined, connects, named].map(messageOf)).toEqual([
    ...['a', 'b', '5', 'undefined', '::1 refused; 127.0.0.1 refused', 'outer'],
  ]);
});
