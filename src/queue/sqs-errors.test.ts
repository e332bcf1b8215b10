import { expect, test, vi } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import { toQueueError } from './sqs-errors.js';

const sdkError = (name: string, more: object = {}) => Object.assign(new Error('because'), { name }, more);
const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });

test.each<[string, object, string]>([
  ['ThrottlingException', {}, 'QUEUE_THROTTLED'],
  ['TooManyRequestsException', {}, 'QUEUE_THROTTLED'],
  ['SlowDown', {}, 'QUEUE_THROTTLED'],
  ['OverLimit', {}, 'QUEUE_THROTTLED'],
  ['x', { Code: 'AWS.SimpleQueueService.BandwidthLimitExceeded' }, 'QUEUE_THROTTLED'],
  ['x', status(429), 'QUEUE_THROTTLED'],
  ['QueueDoesNotExist', {}, 'QUEUE_NOT_FOUND'],
  ['x', { code: 'AWS.SimpleQueueService.NonExistentQueue' }, 'QUEUE_NOT_FOUND'],
  ['InvalidAddress', status(404), 'QUEUE_NOT_FOUND'],
  ['QueueDeletedRecently', {}, 'QUEUE_NOT_FOUND'],
  ['CredentialsProviderError', {}, 'QUEUE_CREDENTIALS'],
  ['ExpiredTokenException', status(403), 'QUEUE_CREDENTIALS'],
  ['TokenRefreshRequired', {}, 'QUEUE_CREDENTIALS'],
  ['UnrecognizedClientException', status(403), 'QUEUE_CREDENTIALS'],
  ['InvalidAccessKeyId', status(403), 'QUEUE_CREDENTIALS'],
  ['InvalidSecurity', status(403), 'QUEUE_CREDENTIALS'],
  ['MissingAuthenticationToken', {}, 'QUEUE_CREDENTIALS'],
  ['IncompleteSignature', {}, 'QUEUE_CREDENTIALS'],
  ['RequestExpired', {}, 'QUEUE_CREDENTIALS'],
  ['AccessDenied', {}, 'QUEUE_DENIED'],
  ['NotAuthorized', {}, 'QUEUE_DENIED'],
  ['KmsAccessDenied', {}, 'QUEUE_DENIED'],
  ['OptInRequired', {}, 'QUEUE_DENIED'],
  ['x', status(403), 'QUEUE_DENIED'],
  ['Error', { code: 'ECONNREFUSED' }, 'QUEUE_UNREACHABLE'],
  ['Error', { code: 'ENOTFOUND' }, 'QUEUE_UNREACHABLE'],
  ['Error', { code: 'EAI_AGAIN' }, 'QUEUE_UNREACHABLE'],
  ['Error', { code: 'EPIPE' }, 'QUEUE_UNREACHABLE'],
  ['Error', { code: 'CERT_HAS_EXPIRED' }, 'QUEUE_UNREACHABLE'],
  ['Error', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'QUEUE_UNREACHABLE'],
  ['TimeoutError', {}, 'QUEUE_UNREACHABLE'],
  ['x', status(500), 'QUEUE_UNREACHABLE'],
  ['x', status(503), 'QUEUE_UNREACHABLE'],
  ['x', status(499), 'QUEUE_ERROR'],
  ['NotETIMEDOUT', {}, 'QUEUE_ERROR'],
  ['Error', { code: 'EACCES' }, 'QUEUE_ERROR'],
])('%s %j is %s', (name, more, code) => {
  const cause = sdkError(name, more);
  const error = toQueueError(cause, 'q');
  expect(error).toMatchObject({ code, cause, exitCode: 1, message: expect.stringMatching(/\bq\b/) });
});

test.each([
  ['QUEUE_THROTTLED', 'system', /: because$/, undefined],
  ['QUEUE_NOT_FOUND', 'user', /q\.$/, /create the queue/],
  ['QUEUE_CREDENTIALS', 'user', /: because$/, /AWS_PROFILE/],
  ['QUEUE_DENIED', 'user', /: because$/, /sqs:SendMessage/],
  ['QUEUE_UNREACHABLE', 'system', /: because$/, /network/],
  ['QUEUE_ERROR', 'system', /: because$/, undefined],
])('%s is a failure of the %s, and says what to do where that is known', (code, fault, message, hint) => {
  const names: Record<string, string> = {
    ...{ QUEUE_THROTTLED: 'SlowDown', QUEUE_NOT_FOUND: 'QueueDoesNotExist', QUEUE_CREDENTIALS: 'ExpiredToken' },
    ...{ QUEUE_DENIED: 'AccessDenied', QUEUE_UNREACHABLE: 'TimeoutError', QUEUE_ERROR: 'x' },
  };
  const error = toQueueError(sdkError(names[code]!), 'q');
  expect(error).toMatchObject({ code, fault, message: expect.stringMatching(message) });
  if (hint === undefined) expect(error.hint).toBeUndefined();
  else expect(error.hint).toMatch(hint);
});

test.each([
  ['', 'such as with `aws sso login`.'],
  ['work', 'such as with `aws sso login --profile work`.'],
])('who may sign in again is told how, with the profile %j', (profile, advice) => {
  vi.stubEnv('AWS_PROFILE', profile);
  expect(toQueueError(sdkError('ExpiredToken'), 'q').hint).toContain(advice);
  vi.unstubAllEnvs();
});

test('a region that is not known is named as such', () => {
  const error = toQueueError(new Error('Region is missing'), 'q');
  expect(error).toMatchObject({
    code: 'QUEUE_REGION_UNKNOWN',
    fault: 'user',
    hint: expect.stringContaining('AWS_REGION'),
  });
});

test('the code of a network error stands in for a message that it does not have', () => {
  const error = toQueueError(Object.assign(new Error(''), { code: 'ECONNRESET' }), 'q');
  expect(error.message).toBe("The queue q can't be reached: ECONNRESET");
});

test('an error of our own stays what it is, and anything else becomes one', () => {
  const own = new AppError('QUEUE_NO_DEAD_LETTER', 'none');
  expect(toQueueError(own, 'q')).toBe(own);
  expect(toQueueError(undefined, 'q')).toMatchObject({ code: 'QUEUE_ERROR' });
});

test.each(['QueueDoesNotExist', 'SlowDown', 'ExpiredToken', 'AccessDenied', 'TimeoutError', 'x'])(
  'the message of %s names the queue without its credentials, also where the SDK quotes them',
  (name) => {
    const url = 'http://me:s3cret@host/q?key=s3cret';
    const error = toQueueError(Object.assign(new Error(`can't use ${url}`), { name }), url);
    expect(error.message).toContain('http://host/q');
    expect(`${error.message} ${error.hint}`).not.toContain('s3cret');
  },
);
