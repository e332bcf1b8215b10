import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requestSqs, urlOf } from '../../test/support/sqs-caller.js';
import { HELD_CLOCK } from '../../test/support/test-clock.js';
import { createQueueServer, type QueueServer } from '../sqs-server.js';

// Three in place of 120,000.
vi.mock('../protocol/sqs-limits.js', async (importOriginal) => ({
  ...(await importOriginal<typeof import('../protocol/sqs-limits.js')>()),
  MAX_IN_FLIGHT: 3,
}));

let server: QueueServer;
const QueueUrl = urlOf('q');

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  server = createQueueServer({ path: ':memory:', clock: HELD_CLOCK });
  await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '60' } });
  for (const MessageBody of ['a', 'b', 'c', 'd', 'e']) await call('SendMessage', { QueueUrl, MessageBody });
});

afterEach(() => {
  server.close();
  vi.useRealTimers();
});

const call = (action: string, input: object) => requestSqs(server, action, input);

const receive = () => call('ReceiveMessage', { QueueUrl });
const OVER_LIMIT = { status: 400, body: { __type: 'com.amazonaws.sqs#OverLimit' } };

test('with as many messages in flight as allowed nobody receives more, until one is deleted', async () => {
  const received = [await receive(), await receive(), await receive()];
  expect(received.map(({ body }) => body.Messages.length)).toEqual([1, 1, 1]);
  expect(await receive()).toMatchObject(OVER_LIMIT);
  expect(server.stats().queues[0]).toMatchObject({ visible: 2, inFlight: 3 });
  await call('DeleteMessage', { QueueUrl, ReceiptHandle: received[0]!.body.Messages[0].ReceiptHandle });
  expect((await receive()).body.Messages).toHaveLength(1);
  expect(await receive()).toMatchObject(OVER_LIMIT);
});

test('the limit ends with the timeouts, also when all messages are in flight', async () => {
  await receive();
  await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 4 });
  expect(await receive()).toMatchObject(OVER_LIMIT);
  vi.setSystemTime(Date.now() + 60_000);
  expect((await receive()).body.Messages).toHaveLength(1);
});

test('sending goes on, and another queue has its own limit', async () => {
  for (let i = 0; i < 3; i++) await receive();
  expect((await call('SendMessage', { QueueUrl, MessageBody: 'f' })).status).toBe(200);
  await call('CreateQueue', { QueueName: 'other' });
  const other = { QueueUrl: urlOf('other') };
  await call('SendMessage', { ...other, MessageBody: 'x' });
  expect((await call('ReceiveMessage', other)).body.Messages).toHaveLength(1);
});
