import { expect, test } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import { refusal, refusalOf } from './refusal.js';

test.each([
  ['BAD_FIELD', 422, undefined],
  ['TOO_FAST', 429, 2],
  ['QUEUE_UNREACHABLE', 503, 2],
  ['SUBMISSION_AHEAD', 503, 2],
] as const)('%s is refused with %i, to be tried again after %s seconds, and is no bug', (code, status, retryAfter) => {
  const logged: string[] = [];
  const refused = refusalOf(new AppError(code, 'why'), 'POST /send', (text) => logged.push(text));
  expect(refused).toEqual({ status, code, message: 'why', ...(retryAfter === undefined ? {} : { retryAfter }) });
  expect(logged).toEqual([]);
  // Also where nothing was thrown.
  expect(refusal(code, 'why')).toEqual(refused);
});

test('a bug is logged with the request and its stack, and may pass', () => {
  const logged: string[] = [];
  const refused = refusalOf(new TypeError('x is not a function'), 'POST /send', (text) => logged.push(text));
  expect(refused).toEqual({ status: 500, code: 'INTERNAL', message: 'x is not a function', retryAfter: 2 });
  expect(logged).toEqual([expect.stringMatching(/^POST \/send: TypeError: x is not a function\n +at /)]);
});
