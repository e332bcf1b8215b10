/** A real SDK client, against our own queue server and against a stand-in that refuses as IAM does. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RefusingQueue } from '../test/support/refusing-queue.js';
import { type LoopbackQueueServer, serveOnLoopback } from '../test/support/serve-on-loopback.js';
import { checkQueueRights, policyFor } from './queue-rights.js';
import { QUEUE_RIGHTS } from './sqs-errors.js';
import { openSqsQueue } from './sqs-queue.js';

const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
const ARN = 'arn:aws:sqs:eu-west-1:123456789012:readings';
const LETTERS = `${ARN}-dead`;

let amazon: RefusingQueue;
let own: LoopbackQueueServer | undefined;

beforeEach(async () => {
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SQS', 'AWS_REGION']) vi.stubEnv(name, '');
  amazon = await RefusingQueue.start();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await own?.close();
  own = undefined;
  await amazon.close();
});

const check = (queue = amazon.queueUrl) =>
  checkQueueRights({ queue, endpoint: amazon.url, region: 'eu-west-1', credentials });

test('every right that is there is asked for, and nothing is sent, hidden or deleted', async () => {
  expect(await check('readings')).toEqual({ missing: [], hasDeadLetters: false });
  expect(amazon.asked.map(({ action }) => action).sort()).toEqual([
    ...['DeleteMessageBatch', 'GetQueueAttributes', 'GetQueueUrl', 'ReceiveMessage', 'SendMessageBatch'],
  ]);
});

test('the message that asks for the right to send is refused also where U+0000 is allowed', async () => {
  await check();
  const send = amazon.asked.find(({ action }) => action === 'SendMessageBatch');
  expect(send?.input).toMatchObject({ Entries: [{ MessageBody: '\u0000', DelaySeconds: 901 }] });
  const receive = amazon.asked.find(({ action }) => action === 'ReceiveMessage');
  expect(receive?.input).toMatchObject({ MaxNumberOfMessages: 1, VisibilityTimeout: 0 });
  const remove = amazon.asked.find(({ action }) => action === 'DeleteMessageBatch');
  expect(remove?.input).toMatchObject({ Entries: [{ ReceiptHandle: expect.stringContaining('asks') }] });
});

test.each(QUEUE_RIGHTS)('%s is missing: it alone is named, with the policy that gives it', async (right) => {
  const action = right.replace('sqs:', '');
  const batch = ['SendMessage', 'DeleteMessage'].includes(action) ? `${action}Batch` : action;
  amazon.denied = { [batch]: 'AccessDenied' };
  const { missing } = await check(right === 'sqs:GetQueueUrl' ? 'readings' : undefined);
  // Without the URL of the queue nothing else can be asked for.
  const rights = right === 'sqs:GetQueueUrl' ? [...QUEUE_RIGHTS] : [right];
  const arn = right === 'sqs:GetQueueUrl' ? 'arn:aws:sqs:eu-west-1:*:readings' : ARN;
  expect(missing).toEqual([{ arn, rights, reason: expect.stringContaining('no identity-based policy') }]);
  expect(policyFor(missing)).toEqual({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: rights, Resource: arn }],
  });
});

test('rights on the dead-letter queue have a statement of their own', async () => {
  amazon.attributes.RedrivePolicy = JSON.stringify({ deadLetterTargetArn: LETTERS, maxReceiveCount: 5 });
  amazon.denied = { 'SendMessageBatch readings-dead': 'AccessDenied', ReceiveMessage: 'AccessDenied' };
  const { missing, hasDeadLetters } = await check();
  expect(hasDeadLetters).toBe(true);
  expect(policyFor(missing)).toMatchObject({
    Statement: [
      { Action: ['sqs:ReceiveMessage'], Resource: ARN },
      { Action: ['sqs:SendMessage'], Resource: LETTERS },
    ],
  });
});

test('what is missing on one queue is named together', async () => {
  amazon.denied = { ReceiveMessage: 'AccessDenied', DeleteMessageBatch: 'AccessDenied' };
  const [one, ...more] = (await check()).missing;
  expect([one?.arn, one?.rights.sort(), more]).toEqual([ARN, ['sqs:DeleteMessage', 'sqs:ReceiveMessage'], []]);
});

test('a dead-letter queue whose URL may not be asked for is told apart from the queue', async () => {
  amazon.attributes.RedrivePolicy = JSON.stringify({ deadLetterTargetArn: LETTERS, maxReceiveCount: 5 });
  amazon.denied = { 'GetQueueUrl readings-dead': 'AccessDenied' };
  expect((await check()).missing).toMatchObject([{ arn: LETTERS, rights: ['sqs:GetQueueUrl'] }]);
});

test('a key that the identity may not use is a right of KMS', async () => {
  amazon.denied = { ReceiveMessage: 'KmsAccessDenied' };
  const { missing } = await check();
  expect(policyFor(missing)).toMatchObject({
    Statement: [{ Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: 'arn:aws:kms:*:*:key/*' }],
  });
});

test('no message of a queue counts as delivered because its rights are looked at', async () => {
  amazon.attributes.ApproximateNumberOfMessages = '3';
  await check();
  const receive = amazon.asked.find(({ action }) => action === 'ReceiveMessage');
  expect(receive?.input).toMatchObject({ MaxNumberOfMessages: 0, VisibilityTimeout: 0 });
});

test.each([
  ['ExpiredToken', 'QUEUE_CREDENTIALS'],
  ['InvalidClientTokenId', 'QUEUE_CREDENTIALS'],
  ['SignatureDoesNotMatch', 'QUEUE_CREDENTIALS'],
  ['QueueDoesNotExist', 'QUEUE_NOT_FOUND'],
  ['ThrottlingException', 'QUEUE_THROTTLED'],
])('%s is no missing right', async (name, code) => {
  amazon.denied = { GetQueueAttributes: name };
  await expect(check()).rejects.toMatchObject({ code });
});

test.each([true, false])(
  'our own queue server allows everything, and keeps nothing (unsigned: %s)',
  async (unsigned) => {
    own = await serveOnLoopback({ path: ':memory:' });
    const create = {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSQS.CreateQueue' },
      body: '{"QueueName":"readings"}',
    };
    expect((await fetch(own.url, create)).status).toBe(200);
    const queue = `${own.url}/000000000000/readings`;
    const options = { queue, endpoint: own.url, credentials, unsigned };
    const opened = await openSqsQueue(options);
    for (const filled of [false, true]) {
      if (filled) await opened.send([{ body: '{}' }]);
      expect(await checkQueueRights(options)).toMatchObject({ missing: [] });
      expect(await opened.depth()).toEqual({ visible: filled ? 1 : 0, inFlight: 0, delayed: 0 });
    }
    expect(await opened.receive({ waitSeconds: 0 })).toMatchObject([{ receiveCount: 1 }]);
    opened.close();
  },
);
