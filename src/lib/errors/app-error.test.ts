import { expect, test } from 'vitest';
import { AppError, messageOf, systemError, usageError, withContext } from './app-error.js';

test('an error says what, whose fault, what to do, what was underneath, and how the program ends', () => {
  const cause = new Error('ECONNREFUSED');
  const system = systemError('QUEUE_UNREACHABLE', 'no answer', { cause, hint: 'Start it.', details: ['last line'] });
  expect(system).toBeInstanceOf(AppError);
  expect(system).toMatchObject({
    ...{ code: 'QUEUE_UNREACHABLE', fault: 'system', message: 'no answer', hint: 'Start it.', cause },
    ...{ details: ['last line'], exitCode: 1 },
  });
  expect(usageError('BAD_SETTING', 'no')).toMatchObject({ fault: 'user', exitCode: 2, hint: undefined, details: [] });
});

test('more context changes what it names, and keeps the rest', () => {
  const cause = new Error('underneath');
  const error = new AppError('NO_SUCH_FILE', 'user', 'none', { exitCode: 2, cause, hint: 'Name one.', details: ['a'] });
  expect(withContext(error, {})).toEqual(error);
  expect(withContext(error, { message: 'no file x', hint: 'Name x.', details: ['b'] })).toMatchObject({
    ...{
      code: 'NO_SUCH_FILE',
      fault: 'user',
      exitCode: 2,
      message: 'no file x',
      hint: 'Name x.',
      details: ['b'],
      cause,
    },
  });
});

test('anything that was thrown has a message', () => {
  const connects = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]);
  expect([new Error('a'), 'b', 5, undefined, connects].map(messageOf)).toEqual([
    ...['a', 'b', '5', 'undefined', '::1 refused; 127.0.0.1 refused'],
  ]);
});
