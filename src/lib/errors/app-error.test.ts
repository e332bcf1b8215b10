import { expect, test } from 'vitest';
import { AppError, messageOf, systemError, usageError } from './app-error.js';

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

test('anything that was thrown has a message', () => {
  const connects = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]);
  expect([new Error('a'), 'b', 5, undefined, connects].map(messageOf)).toEqual([
    ...['a', 'b', '5', 'undefined', '::1 refused; 127.0.0.1 refused'],
  ]);
});
