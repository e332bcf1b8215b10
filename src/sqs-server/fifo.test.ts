import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createQueueServer, type QueueServer } from './sqs-server.js';

let server: QueueServer;
const QueueUrl = 'http://h/000000000000/orders.fifo';

beforeEach(async () => {
  server = createQueueServer({ path: ':memory:' });
  const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  await call('CreateQueue', { QueueName: 'orders.fifo', Attributes });
});

afterEach(() => server.close());

async function call(action: string, input: object) {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await server.app.request('/', { method: 'POST', headers, body: JSON.stringify(input) });
  const text = await response.text();
  return text === '' ? {} : JSON.parse(text);
}

const send = (MessageGroupId: string, MessageBody: string, more = {}) =>
  call('SendMessage', { QueueUrl, MessageGroupId, MessageBody, ...more });

async function receive(
  more = {},
): Promise<{ Body: string; ReceiptHandle: string; Attributes: Record<string, string> }[]> {
  const input = { QueueUrl, MaxNumberOfMessages: 10, AttributeNames: ['All'], ...more };
  return (await call('ReceiveMessage', input)).Messages ?? [];
}

const bodies = (messages: { Body: string }[]) => messages.map(({ Body }) => Body);

test('messages of a group come in order, and lock it until they are deleted', async () => {
  for (const body of ['a1', 'a2', 'a3']) await send('a', body);
  await send('b', 'b1');
  const [first] = await receive({ MaxNumberOfMessages: 1 });
  expect(first!.Body).toBe('a1');
  expect(bodies(await receive())).toEqual(['b1']);
  await call('DeleteMessage', { QueueUrl, ReceiptHandle: first!.ReceiptHandle });
  expect(bodies(await receive())).toEqual(['a2', 'a3']);
});

test('a message that comes back comes before those behind it', async () => {
  await send('a', 'a1');
  await send('a', 'a2');
  const [first] = await receive({ MaxNumberOfMessages: 1 });
  await call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle: first!.ReceiptHandle, VisibilityTimeout: 0 });
  const again = await receive();
  expect(bodies(again)).toEqual(['a1', 'a2']);
  expect(again[0]!.Attributes.ApproximateReceiveCount).toBe('2');
  // The first receipt belongs to a delivery that is over.
  const late = await call('DeleteMessage', { QueueUrl, ReceiptHandle: first!.ReceiptHandle });
  expect(late.message).toContain('expired');
});

test('a repetition is accepted with the same answer, but not queued', async () => {
  const first = await send('a', 'same');
  const second = await send('a', 'same');
  expect(second).toEqual(first);
  expect(first.SequenceNumber).toMatch(/^\d{20}$/);
  await send('a', 'other', { MessageDeduplicationId: 'id' });
  await send('a', 'another', { MessageDeduplicationId: 'id' });
  expect(bodies(await receive())).toEqual(['same', 'other']);
});

test('deduplication can be limited to a group', async () => {
  await send('a', 'same');
  await send('b', 'same');
  expect(await receive()).toHaveLength(1);
  const Attributes = { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' };
  await call('SetQueueAttributes', { QueueUrl, Attributes });
  await send('c', 'again');
  await send('d', 'again');
  expect(await receive()).toHaveLength(2);
});

test('a batch keeps its order, and refuses a repetition within it silently', async () => {
  const Entries = ['1', '2', '1', '3'].map((MessageBody, i) => ({ Id: `e${i}`, MessageBody, MessageGroupId: 'g' }));
  const { Successful } = await call('SendMessageBatch', { QueueUrl, Entries });
  expect(Successful).toHaveLength(4);
  expect(Successful[2].MessageId).toBe(Successful[0].MessageId);
  expect(bodies(await receive())).toEqual(['1', '2', '3']);
});

describe('a receive that is tried again', () => {
  const ReceiveRequestAttemptId = 'attempt-1';
  const attempt = (more = {}) => receive({ ReceiveRequestAttemptId, ...more });

  beforeEach(async () => {
    for (const body of ['a1', 'a2', 'b1', 'c1']) await send(body[0]!, body);
  });
  afterEach(() => void vi.useRealTimers());

  test('gives the same messages with the same receipts, which still delete', async () => {
    const first = await attempt({ MaxNumberOfMessages: 3 });
    expect(bodies(first)).toEqual(['a1', 'a2', 'b1']);
    expect(bodies(await receive({ ReceiveRequestAttemptId: 'attempt-2' }))).toEqual(['c1']);
    const again = await attempt();
    expect(again).toEqual(first);
    for (const { ReceiptHandle } of again) await call('DeleteMessage', { QueueUrl, ReceiptHandle });
    expect(server.stats().queues[0]).toMatchObject({ visible: 0, inFlight: 1 });
  });

  test.each<[string, (ReceiptHandle: string) => Promise<unknown>]>([
    ['deleted', (ReceiptHandle) => call('DeleteMessage', { QueueUrl, ReceiptHandle })],
    [
      'changed in visibility',
      (ReceiptHandle) => call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 60 }),
    ],
    ['purged', () => call('PurgeQueue', { QueueUrl })],
  ])('is a new one when a message has been %s', async (_, change) => {
    const [first] = await attempt({ MaxNumberOfMessages: 2 });
    await change(first!.ReceiptHandle);
    await send('d', 'd1');
    const again = bodies(await attempt());
    expect(again).not.toContain('a1');
    expect(again).toContain('d1');
  });

  test('is a new one when a message has become visible again, also when somebody else has it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const [first] = await attempt({ MaxNumberOfMessages: 1, VisibilityTimeout: 5 });
    // Trying again begins the visibility timeout anew.
    vi.setSystemTime(Date.now() + 4_000);
    expect(await attempt({ VisibilityTimeout: 5 })).toEqual([first]);
    vi.setSystemTime(Date.now() + 4_000);
    expect(await attempt({ VisibilityTimeout: 5 })).toEqual([first]);
    vi.setSystemTime(Date.now() + 6_000);
    expect(bodies(await receive({ MaxNumberOfMessages: 1 }))).toEqual(['a1']);
    expect(bodies(await attempt())).toEqual(['b1', 'c1']);
  });

  test('is a new one after five minutes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const first = await attempt({ MaxNumberOfMessages: 1, VisibilityTimeout: 600 });
    vi.setSystemTime(Date.now() + 299_000);
    expect(await attempt({ VisibilityTimeout: 600 })).toEqual(first);
    vi.setSystemTime(Date.now() + 2_000);
    expect(bodies(await attempt())).toEqual(['b1', 'c1']);
  });

  test('gets what the first call got while both waited', async () => {
    await call('PurgeQueue', { QueueUrl });
    const waiting = [attempt({ WaitTimeSeconds: 10 }), attempt({ WaitTimeSeconds: 1 })];
    await vi.waitUntil(() => server.stats().queues[0]!.waiting === 2);
    await send('e', 'e1');
    const [first, second] = await Promise.all(waiting);
    expect(bodies(first!)).toEqual(['e1']);
    expect(second).toEqual(first);
  });

  test('without an id, or with one that is none, nothing is repeated', async () => {
    expect(bodies(await receive())).toHaveLength(4);
    expect(await receive()).toEqual([]);
    const refused = await call('ReceiveMessage', { QueueUrl, ReceiveRequestAttemptId: 'a b' });
    expect(refused.__type).toContain('InvalidParameterValue');
  });
});

test('sequence numbers grow, and the attributes say group and deduplication id', async () => {
  await send('a', '1');
  await send('a', '2');
  const [one, two] = await receive();
  expect(one!.Attributes.SequenceNumber! < two!.Attributes.SequenceNumber!).toBe(true);
  expect(one!.Attributes).toMatchObject({ MessageGroupId: 'a' });
  expect(one!.Attributes.MessageDeduplicationId).toMatch(/^[0-9a-f]{64}$/);
});
