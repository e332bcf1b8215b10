import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LoopbackQueueServer, serveOnLoopback } from './serve-on-loopback.js';

let served: LoopbackQueueServer;
let client: SQSClient;
let QueueUrl: string;

beforeEach(async () => {
  served = await serveOnLoopback({ path: ':memory:' });
  // The SDK checks the MD5 of every body that it sends and receives.
  client = new SQSClient({
    endpoint: served.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  QueueUrl = (await client.send(new CreateQueueCommand({ QueueName: 'readings' }))).QueueUrl!;
});

afterEach(async () => {
  client.destroy();
  await served.close();
});

async function receive(options: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5, ...options }),
  );
  return Messages;
}

const send = (MessageBody: string, more = {}) =>
  client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
const waiting = () => counts()?.waiting ?? 0;
const counts = () => served.server.stats().queues.find(({ name }) => name === 'readings');

test('the queue URL has the host that the client used', () => {
  expect(QueueUrl).toBe(`${served.url}/000000000000/readings`);
});

test('bodies come back exactly, emoji and escapes included', async () => {
  const bodies = ['🚀', '👩‍👩‍👧‍👦 ünïcödé \t\r\n "quotes" \\ </xml>', '\ufffd\ue000', '{"icon_name":"🌡️"}'];
  await client.send(
    new SendMessageBatchCommand({
      QueueUrl,
      Entries: bodies.map((MessageBody, i) => ({ Id: `m${i}`, MessageBody })),
    }),
  );
  const messages = await receive();
  expect(messages.map(({ Body }) => Body)).toEqual(bodies);
});

test('a batch answers every entry by its own id, and keeps the good ones', async () => {
  const { Successful, Failed } = await client.send(
    new SendMessageBatchCommand({
      QueueUrl,
      Entries: [
        { Id: 'good', MessageBody: 'x' },
        { Id: 'bad', MessageBody: 'a\u0000b' },
      ],
    }),
  );
  expect(Successful!.map(({ Id }) => Id)).toEqual(['good']);
  expect(Failed).toEqual([expect.objectContaining({ Id: 'bad', Code: 'InvalidMessageContents', SenderFault: true })]);
  expect(await receive()).toHaveLength(1);
});

test('message attributes are given back as asked for', async () => {
  const MessageAttributes = {
    'a.one': { DataType: 'String', StringValue: 'ö' },
    'a.two': { DataType: 'Number.int', StringValue: '42' },
    b: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255, 7]) },
  };
  const names = async (...MessageAttributeNames: string[]) => {
    const [message] = await receive({ MessageAttributeNames, VisibilityTimeout: 0 });
    return Object.keys(message?.MessageAttributes ?? {});
  };
  await send('x', { MessageAttributes });
  expect(await names()).toEqual([]);
  expect(await names('a.*')).toEqual(['a.one', 'a.two']);
  expect(await names('b', 'unknown')).toEqual(['b']);
  expect(await names('.*')).toHaveLength(3);
  const [message] = await receive({ MessageAttributeNames: ['All'] });
  expect(message!.MessageAttributes).toEqual(MessageAttributes);
});

test('system attributes tell when it was sent and how often it was received', async () => {
  const before = Date.now();
  await send('x', { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-2-3' } } });
  await receive({ VisibilityTimeout: 0 });
  const [message] = await receive({ MessageSystemAttributeNames: ['All'] });
  const { SentTimestamp, ApproximateReceiveCount, AWSTraceHeader } = message!.Attributes!;
  expect(Number(SentTimestamp)).toBeGreaterThanOrEqual(before);
  expect(ApproximateReceiveCount).toBe('2');
  expect(AWSTraceHeader).toBe('Root=1-2-3');
});

test('a received message is invisible until its timeout, then comes back with another receipt', async () => {
  await send('x');
  const [first] = await receive({ VisibilityTimeout: 1 });
  expect(await receive({ WaitTimeSeconds: 0 })).toEqual([]);
  expect(counts()).toMatchObject({ visible: 0, inFlight: 1 });
  const [second] = await receive();
  expect(second!.MessageId).toBe(first!.MessageId);
  expect(second!.ReceiptHandle).not.toBe(first!.ReceiptHandle);
});

test('a changed visibility timeout holds', async () => {
  await send('x');
  const [message] = await receive();
  const { ReceiptHandle } = message!;
  await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
  expect(await receive()).toHaveLength(1);
  const again = client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 9 }));
  await expect(again).rejects.toMatchObject({ name: 'MessageNotInflight' });
});

test('a deleted message is gone, and deleting it twice is no error', async () => {
  await send('x');
  const [message] = await receive({ VisibilityTimeout: 0 });
  const { ReceiptHandle } = message!;
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  const Entries = [{ Id: 'x', ReceiptHandle }];
  const { Failed } = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  expect(Failed).toEqual([]);
  expect(counts()).toMatchObject({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a delayed message can be received only later', async () => {
  await send('x', { DelaySeconds: 1 });
  expect(await receive({ WaitTimeSeconds: 0 })).toEqual([]);
  expect(counts()).toMatchObject({ visible: 0, delayed: 1 });
  expect(await receive()).toHaveLength(1);
});

test('long polls get what arrives while they wait, each message once', async () => {
  const polls = [receive({ MaxNumberOfMessages: 1 }), receive({ MaxNumberOfMessages: 1 })];
  // Both must be waiting, otherwise this would test something else.
  await vi.waitUntil(() => waiting() === 2);
  await send('a');
  await send('b');
  const bodies = (await Promise.all(polls)).flat().map(({ Body }) => Body);
  expect(bodies.sort()).toEqual(['a', 'b']);
});

test('a client that has gone away takes no message with it', async () => {
  const gone = new AbortController();
  const poll = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), { abortSignal: gone.signal });
  await vi.waitUntil(() => waiting() === 1);
  gone.abort();
  await expect(poll).rejects.toThrow();
  await vi.waitUntil(() => waiting() === 0);
  await send('x');
  expect(counts()).toMatchObject({ visible: 1, inFlight: 0 });
});

test('attributes count the messages', async () => {
  await send('a');
  await send('b', { DelaySeconds: 60 });
  await send('c');
  await receive({ MaxNumberOfMessages: 1 });
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  expect(Attributes).toMatchObject({
    ApproximateNumberOfMessages: '1',
    ApproximateNumberOfMessagesNotVisible: '1',
    ApproximateNumberOfMessagesDelayed: '1',
    QueueArn: 'arn:aws:sqs:us-east-1:000000000000:readings',
    VisibilityTimeout: '30',
  });
});

test('health and readiness answer, and closing ends a long poll', async () => {
  expect(await (await fetch(`${served.url}/health`)).json()).toEqual({ status: 'healthy' });
  expect((await fetch(`${served.url}/ready`)).status).toBe(200);
  const poll = receive({ WaitTimeSeconds: 20 });
  await vi.waitUntil(() => waiting() === 1);
  served.server.close();
  expect(await poll).toEqual([]);
  expect((await fetch(`${served.url}/ready`)).status).toBe(503);
});

test.each<[string, Record<string, string>, number, string | undefined]>([
  ['a name that was rebound to this machine', { host: 'evil.example' }, 403, 'UNKNOWN_HOST'],
  ['a page of another origin', { host: 'localhost:9324', origin: 'http://evil.example' }, 403, 'FOREIGN_ORIGIN'],
  ['no Host', {}, 403, 'UNKNOWN_HOST'],
  ['an SDK on this machine', { host: '127.0.0.1:9324' }, 200, undefined],
])('on loopback it answers nobody who comes through a browser: %s', async (_, headers, status, code) => {
  const init = { method: 'POST', headers: { ...headers, 'x-amz-target': 'AmazonSQS.ListQueues' } };
  const response = await served.server.app.request('/', { ...init, body: '{}' });
  expect([response.status, ((await response.json()) as { __type?: string }).__type]).toEqual([status, code]);
});
