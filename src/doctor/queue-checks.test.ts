/** A real SDK client with the environments that operators have. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadSettings } from '../config/load-settings.js';
import { closedPort } from '../test/support/closed-port.js';
import { findingsOf } from '../test/support/doctor-context.js';
import { RefusingQueue } from '../test/support/refusing-queue.js';
import { checkBeforeUp } from './before-up.js';
import { queueAccess } from './checks/queue.js';

let folder: string;
let amazon: RefusingQueue;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-queue-'));
  for (const name of Object.keys(process.env)) if (/^(AWS_|SQS_|WASM_SENSORS_)/.test(name)) vi.stubEnv(name, undefined);
  vi.stubEnv('HOME', folder);
  amazon = await RefusingQueue.start();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await amazon.close();
  rmSync(folder, { recursive: true });
});

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'hidden-secret' };
const set = (variables: Record<string, string>) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
};
const flags = () => ({ queue: amazon.queueUrl, awsRegion: 'eu-west-1' });
const before = (more: object = {}) =>
  checkBeforeUp(loadSettings({ stateDir: join(folder, 'state'), ...flags(), ...more }, folder, {}).values);

test('without a queue nothing of AWS is looked at', async () => {
  const why = 'no queue is named: `up` starts its own';
  expect(await findingsOf(queueAccess, folder)).toEqual([{ status: 'skipped', why }]);
  expect(await before({ queue: undefined })).toEqual([]);
});

test.each([
  ['nothing', {}, /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY .*AWS_PROFILE/],
  ['half of a pair', { AWS_ACCESS_KEY_ID: 'AKIA' }, /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/],
  ['a profile that is not there', { AWS_PROFILE: 'nobody' }, /`aws sso login --profile nobody`/],
])('credentials: %s', async (_, variables, fix) => {
  set(variables);
  expect(await findingsOf(queueAccess, folder, flags())).toMatchObject([
    { status: 'failure', code: 'QUEUE_CREDENTIALS', fix: expect.stringMatching(fix) },
  ]);
  await expect(before()).rejects.toMatchObject({ code: 'QUEUE_CREDENTIALS', exitCode: 1 });
  expect(amazon.asked).toEqual([]);
});

test('credentials that have expired', async () => {
  set({ ...KEYS, AWS_SESSION_TOKEN: 'token', AWS_CREDENTIAL_EXPIRATION: '2020-01-01T00:00:00Z' });
  expect(await findingsOf(queueAccess, folder, flags())).toMatchObject([
    {
      status: 'failure',
      code: 'QUEUE_CREDENTIALS',
      why: expect.stringContaining('expired at 2020-01-01'),
      fix: expect.stringContaining('AWS_SESSION_TOKEN'),
    },
  ]);
});

test('a region that nobody names', async () => {
  set(KEYS);
  expect(await findingsOf(queueAccess, folder, { queue: 'readings' })).toMatchObject([
    { status: 'failure', code: 'QUEUE_REGION_UNKNOWN', fix: expect.stringContaining('AWS_REGION') },
  ]);
});

test('good credentials are named by their source, and never shown', async () => {
  set(KEYS);
  expect(await findingsOf(queueAccess, folder, flags())).toMatchObject([
    { status: 'ok', why: 'credentials from AWS_ACCESS_KEY_ID, region eu-west-1' },
    { status: 'warning', why: expect.stringContaining('no dead-letter queue') },
  ]);
  expect(await before()).toMatchObject([{ status: 'warning' }]);
});

test('a right that is missing stops `up`, with the policy that gives it', async () => {
  set(KEYS);
  amazon.denied = { ReceiveMessage: 'AccessDenied' };
  const [, found] = await findingsOf(queueAccess, folder, flags());
  expect(found).toMatchObject({
    status: 'failure',
    code: 'QUEUE_DENIED',
    why: expect.stringContaining('sqs:ReceiveMessage'),
  });
  expect(JSON.parse(found!.details!.join('\n'))).toMatchObject({
    Statement: [{ Effect: 'Allow', Action: ['sqs:ReceiveMessage'], Resource: amazon.attributes.QueueArn }],
  });
  await expect(before()).rejects.toMatchObject({ code: 'QUEUE_DENIED', details: found!.details });
});

test.each([
  ['ExpiredToken', 'QUEUE_CREDENTIALS'],
  ['InvalidClientTokenId', 'QUEUE_CREDENTIALS'],
  ['QueueDoesNotExist', 'QUEUE_NOT_FOUND'],
])('%s stops `up`', async (name, code) => {
  set(KEYS);
  amazon.denied = { GetQueueAttributes: name };
  expect(await findingsOf(queueAccess, folder, flags())).toMatchObject([{ status: 'failure', code }]);
  await expect(before()).rejects.toMatchObject({ code });
});

test('a queue that does not answer may still come: `up` warns', async () => {
  set(KEYS);
  const closed = await closedPort();
  const queue = `http://127.0.0.1:${closed.port}/123456789012/readings`;
  expect(await findingsOf(queueAccess, folder, { ...flags(), queue })).toMatchObject([
    { status: 'failure', code: 'QUEUE_UNREACHABLE' },
  ]);
  expect(await before({ queue })).toMatchObject([{ status: 'warning', code: 'QUEUE_UNREACHABLE' }]);
  await closed.close();
});
