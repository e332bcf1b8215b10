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

test('anything that was thrown has a message', () => {
  const connects = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')]);
  expect([new Error('a'), 'b', 5, undefined, connects].map(messageOf)).toEqual([
    ...['a', 'b', '5', 'undefined', '::1 refused; 127.0.0.1 refused'],
  ]);
});

test('the same failure told with more about it keeps what is not told anew', () => {
  const cause = new Error('ENOSPC');
  const error = new AppError('DISK_FULL', 'user', 'no room', {
    hint: 'Make room.',
    cause,
    exitCode: 2,
    details: ['df'],
  });
  expect(withContext(error, {})).toMatchObject({
    code: 'DISK_FULL',
    fault: 'user',
    message: 'no room',
    hint: 'Make room.',
  });
  expect(withContext(error, { message: 'no room on /var', hint: 'Empty it.' })).toMatchObject({
    ...{ code: 'DISK_FULL', fault: 'user', message: 'no room on /var', hint: 'Empty it.' },
    ...{ cause, exitCode: 2, details: ['df'] },
  });
  expect(withContext(error, { details: ['new'], exitCode: 1 })).toMatchObject({ details: ['new'], exitCode: 1, cause });
  expect(withContext(systemError('X', 'y'), {})).toMatchObject({ hint: undefined, details: [], exitCode: 1 });
});
