import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createQueueServer, type QueueServer } from './sqs-server.js';

// Three in place of 120,000.
vi.mock('./protocol/sqs-limits.js', async (importOriginal) => ({
  ...(await importOriginal<typeof import('./protocol/sqs-limits.js')>()),
  MAX_IN_FLIGHT: 3,
}));

let server: QueueServer;
const QueueUrl = 'http://h/000000000000/q';

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  server = createQueueServer({ path: ':memory:' });
  await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '60' } });
  for (const MessageBody of ['a', 'b', 'c', 'd', 'e']) await call('SendMessage', { QueueUrl, MessageBody });
});

afterEach(() => {
  server.close();
  vi.useRealTimers();
});

async function call(action: string, input: object) {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await server.app.request('/', { method: 'POST', headers, body: JSON.stringify(input) });
  const text = await response.text();
  return { status: response.status, ...(text === '' ? {} : JSON.parse(text)) };
}

const receive = () => call('ReceiveMessage', { QueueUrl });
const OVER_LIMIT = { status: 400, __type: 'com.amazonaws.sqs#OverLimit' };

test('with as many messages in flight as allowed nobody receives more, until one is deleted', async () => {
  const received = [await receive(), await receive(), await receive()];
  expect(received.map(({ Messages }) => Messages.length)).toEqual([1, 1, 1]);
  expect(await receive()).toMatchObject(OVER_LIMIT);
  expect(server.stats().queues[0]).toMatchObject({ visible: 2, inFlight: 3 });
  await call('DeleteMessage', { QueueUrl, ReceiptHandle: received[0].Messages[0].ReceiptHandle });
  expect((await receive()).Messages).toHaveLength(1);
  expect(await receive()).toMatchObject(OVER_LIMIT);
});

test('sending goes on, and another queue has its own limit', async () => {
  for (let i = 0; i < 3; i++) await receive();
  expect((await call('SendMessage', { QueueUrl, MessageBody: 'f' })).status).toBe(200);
  await call('CreateQueue', { QueueName: 'other' });
  const other = { QueueUrl: 'http://h/000000000000/other' };
  await call('SendMessage', { ...other, MessageBody: 'x' });
  expect((await call('ReceiveMessage', other)).Messages).toHaveLength(1);
});
