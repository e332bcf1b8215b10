import { Agent, createServer, type Server } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LoopbackQueueServer, serveOnLoopback } from '../test/support/serve-on-loopback.js';
import type { Queue } from './queue.js';
import type { SqsConnection } from './sqs-client.js';
import { openSqsQueue } from './sqs-queue.js';

let served: LoopbackQueueServer;
const opened: Queue[] = [];
const servers: Server[] = [];

beforeEach(async () => {
  served = await serveOnLoopback({ path: ':memory:' });
  await call('CreateQueue', { QueueName: 'dead' });
  await call('CreateQueue', { QueueName: 'q' });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const queue of opened.splice(0)) queue.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await served.close();
});

async function call(action: string, input: object) {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await fetch(served.url, { method: 'POST', headers, body: JSON.stringify(input) });
  const text = await response.text();
  return text === '' ? {} : JSON.parse(text);
}

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'b' };
/** The same tests hold for both ways of calling. */
let way: Partial<SqsConnection> = {};

async function open(options: Partial<SqsConnection> = {}): Promise<Queue> {
  const queue = await openSqsQueue({ ...{ queue: 'q', endpoint: served.url }, ...way, ...options });
  opened.push(queue);
  return queue;
}

/** A queue service that answers every request in one way. */
async function fake(status: number, headers: Record<string, string>, body: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers }).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('our own server says how its store is; others, and Amazon, do not', async () => {
  const unsigned = await open({ unsigned: true });
  expect(await unsigned.serverState?.()).toEqual({ status: 'ready' });
  const other = await fake(200, {}, '<html>');
  const elsewhere = await open({ unsigned: true, endpoint: other, queue: `${other}/0/q` });
  expect(await elsewhere.serverState?.()).toBeUndefined();
  expect(await (await open({ credentials: CREDENTIALS })).serverState?.()).toBeUndefined();
});

describe.each([
  ['through the SDK', { credentials: CREDENTIALS }],
  ['unsigned', { unsigned: true }],
])('%s', (_name, options) => {
  beforeEach(() => {
    way = options;
  });

  test('messages pass through with attributes, counts and times', async () => {
    const queue = await open();
    const before = Date.now();
    const results = await queue.send([{ body: '🚀', attributes: { sensor_config: 'v=1', empty: '' } }, { body: 'b' }]);
    expect(results).toEqual([
      { ok: true, id: expect.any(String) },
      { ok: true, id: expect.any(String) },
    ]);
    expect(await queue.depth()).toEqual({ visible: 2, inFlight: 0, delayed: 0 });
    const messages = await queue.receive({ waitSeconds: 5 });
    expect(messages).toMatchObject([
      { body: '🚀', attributes: { sensor_config: 'v=1' }, receiveCount: 1 },
      { body: 'b', attributes: {} },
    ]);
    expect(messages[0]!.sentAt).toBeGreaterThanOrEqual(before);
    expect(await queue.delete(messages.map(({ receipt }) => receipt))).toEqual([]);
    expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test('a queue is opened by name or by URL', async () => {
    const byName = await open();
    expect(byName.name).toBe(`${served.url}/000000000000/q`);
    const byUrl = await open({ queue: byName.name });
    await byUrl.depth();
    // Of a server that is not AWS the URL alone says where it is.
    const alone = await openSqsQueue({ queue: byName.name, ...way });
    opened.push(alone);
    await alone.depth();
  });

  test('what the queue can never take is refused alone', async () => {
    const queue = await open();
    const results = await queue.send([{ body: 'a\u0000' }, { body: 'good' }, { body: '' }]);
    expect(results).toMatchObject([
      { ok: false, code: 'InvalidMessageContents', retryable: false },
      { ok: true },
      { ok: false, code: 'EmptyMessage', retryable: false },
    ]);
  });

  test('receipts that cannot be deleted are named', async () => {
    const queue = await open();
    await queue.send([{ body: 'x' }]);
    const [message] = await queue.receive({ waitSeconds: 5 });
    expect(await queue.delete(['nonsense', message!.receipt])).toEqual(['nonsense']);
  });

  test('aborting ends a long poll with the reason', async () => {
    const queue = await open();
    const stop = new AbortController();
    const poll = queue.receive({ waitSeconds: 20, signal: stop.signal });
    await vi.waitUntil(() => served.server.stats().queues.some(({ waiting }) => waiting === 1));
    const reason = new Error('the puller stops');
    stop.abort(reason);
    await expect(poll).rejects.toBe(reason);
    await expect(queue.receive({ waitSeconds: 20, signal: stop.signal })).rejects.toBe(reason);
  });

  test('a dead letter keeps body and attributes, and says why', async () => {
    const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":5}';
    await call('SetQueueAttributes', { QueueUrl: `${served.url}/000000000000/q`, Attributes: { RedrivePolicy } });
    const queue = await open();
    await queue.send([{ body: '{', attributes: { sensor_config: 'v=1' } }]);
    const [message] = await queue.receive({ waitSeconds: 5 });
    await queue.deadLetter(message!, 'not JSON');
    const dead = await open({ queue: 'dead' });
    expect(await dead.receive({ waitSeconds: 5 })).toMatchObject([
      { body: '{', attributes: { sensor_config: 'v=1', dead_letter_reason: 'not JSON' } },
    ]);
  });

  test('a dead-letter queue is asked for again when there was none', async () => {
    const queue = await open();
    await queue.send([{ body: 'x' }]);
    const [message] = await queue.receive({ waitSeconds: 5 });
    await expect(queue.deadLetter(message!, 'why')).rejects.toMatchObject({ code: 'QUEUE_NO_DEAD_LETTER' });
    const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":5}';
    await call('SetQueueAttributes', { QueueUrl: `${served.url}/000000000000/q`, Attributes: { RedrivePolicy } });
    await queue.deadLetter(message!, 'why \u0001');
    const dead = await open({ queue: 'dead' });
    const [letter] = await dead.receive({ waitSeconds: 5 });
    expect(letter!.attributes.dead_letter_reason).toContain('why');
  });

  test.each([
    [400, 'QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue;Sender', 'QUEUE_NOT_FOUND'],
    [400, 'RequestThrottled', 'RequestThrottled;Sender', 'QUEUE_THROTTLED'],
    [400, 'ThrottlingException', 'ThrottlingException;Sender', 'QUEUE_THROTTLED'],
    [403, 'AccessDenied', 'AccessDenied;Sender', 'QUEUE_DENIED'],
    [403, 'AccessDeniedException', 'AccessDeniedException;Sender', 'QUEUE_DENIED'],
    [403, 'InvalidClientTokenId', 'InvalidClientTokenId;Sender', 'QUEUE_CREDENTIALS'],
    [403, 'ExpiredToken', 'ExpiredToken;Sender', 'QUEUE_CREDENTIALS'],
    [403, 'SignatureDoesNotMatch', 'SignatureDoesNotMatch;Sender', 'QUEUE_CREDENTIALS'],
    [500, 'InternalFailure', 'InternalFailure;Receiver', 'QUEUE_UNREACHABLE'],
    [503, 'ServiceUnavailable', 'ServiceUnavailable;Receiver', 'QUEUE_UNREACHABLE'],
    [400, 'InvalidAttributeName', 'InvalidAttributeName;Sender', 'QUEUE_ERROR'],
  ])('%i %s becomes a code of the contract', async (status, type, legacy, code) => {
    const body = JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message: 'because' });
    const endpoint = await fake(status, { 'x-amzn-query-error': legacy }, body);
    const queue = await open({ queue: `${endpoint}/000000000000/q`, endpoint });
    await expect(queue.send([{ body: 'x' }])).rejects.toMatchObject({ name: 'AppError', code });
    await expect(queue.receive({ waitSeconds: 0 })).rejects.toMatchObject({ code });
    await expect(queue.depth()).rejects.toMatchObject({ code });
  });

  test('a server that is not there is unreachable', async () => {
    const endpoint = served.url;
    await served.close();
    const queue = await open({ queue: `${endpoint}/000000000000/q`, endpoint });
    await expect(queue.send([{ body: 'x' }])).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE', fault: 'system' });
  });

  test('an answer that is no JSON, as of a gateway, is a failure of the server', async () => {
    const endpoint = await fake(502, { 'content-type': 'text/html' }, '<h1>Bad gateway</h1>');
    const queue = await open({ queue: `${endpoint}/000000000000/q`, endpoint });
    await expect(queue.depth()).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE' });
  });
});

test('a connection is used again, and ends with the queue', async () => {
  const sockets = new Set<object>();
  const endpoint = await fake(200, {}, '{}');
  servers[0]!.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const queue = await openSqsQueue({ queue: `${endpoint}/0/q`, endpoint, unsigned: true });
  await queue.depth();
  await queue.depth();
  expect(sockets.size).toBe(1);
  queue.close();
  await vi.waitUntil(() => sockets.size === 0);
});

test('the limit of seconds is that of connecting: an answer may take longer', async () => {
  const server = createServer((request, response) => {
    vi.advanceTimersByTime(10_000);
    request.resume();
    setImmediate(() => response.end('{}'));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const queue = await openSqsQueue({ queue: `${endpoint}/0/q`, endpoint, unsigned: true });
  opened.push(queue);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  // The second one is asked on the same connection.
  for (let times = 0; times < 2; times++) {
    await expect(queue.depth()).resolves.toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  }
});

test('our own server tells how old the oldest message is, of this queue alone', async () => {
  const queue = await openSqsQueue({ queue: 'q', endpoint: served.url, unsigned: true });
  opened.push(queue);
  await call('SendMessage', { QueueUrl: `${served.url}/000000000000/dead`, MessageBody: 'x' });
  expect(await queue.oldestAge()).toBeUndefined();
  await queue.send([{ body: 'x' }]);
  expect(await queue.oldestAge()).toBeGreaterThanOrEqual(0);
});

test('a server that takes no connection is unreachable after seconds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const socket = Object.assign(new Socket(), { connecting: true });
  vi.spyOn(Agent.prototype, 'createConnection').mockReturnValue(socket);
  const queue = await openSqsQueue({ queue: 'http://192.0.2.1/0/q', unsigned: true });
  opened.push(queue);
  const asked = expect(queue.depth()).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE' });
  await vi.waitUntil(() => vi.getTimerCount() > 0);
  vi.advanceTimersByTime(3_000);
  await asked;
});

test('an answer that breaks off is a failure of the server', async () => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const queue = await openSqsQueue({ queue: `${endpoint}/0/q`, endpoint, unsigned: true });
  opened.push(queue);
  await expect(queue.depth()).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE' });
});

test('a failure names the queue that was asked for: that of the dead letters, too', async () => {
  const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":5}';
  await call('SetQueueAttributes', { QueueUrl: `${served.url}/000000000000/q`, Attributes: { RedrivePolicy } });
  const queue = await openSqsQueue({ queue: 'q', endpoint: served.url, unsigned: true });
  opened.push(queue);
  const dead = await queue.deadLetters();
  await call('DeleteQueue', { QueueUrl: dead.name });
  await expect(dead.depth()).rejects.toMatchObject({ message: expect.stringContaining('/dead') });
});

test('the endpoint of the environment holds, and contradictions are refused', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
  vi.stubEnv('AWS_ENDPOINT_URL_SQS', served.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
  const queue = await openSqsQueue({ queue: 'q' });
  opened.push(queue);
  await queue.depth();
  await expect(openSqsQueue({ queue: 'https://sqs.us-east-1.amazonaws.com/123456789012/q' })).rejects.toMatchObject({
    code: 'QUEUE_ENDPOINT_MISMATCH',
    exitCode: 2,
  });
});

test.each(['http://', 'http://[bad', 'HTTPS://a b/q', 'ftp://x', 'arn:aws:sqs:us-east-1:000000000000:q', '//x'])(
  'what is neither a URL nor a name is refused as such: %s',
  async (name) => {
    const refusal = { code: 'QUEUE_INVALID', exitCode: 2, hint: expect.stringContaining('name') };
    await expect(openSqsQueue({ queue: name, endpoint: served.url })).rejects.toMatchObject(refusal);
    await expect(openSqsQueue({ queue: name })).rejects.toMatchObject(refusal);
  },
);

test('an attribute may have any name', async () => {
  const queue = await openSqsQueue({ queue: 'q', endpoint: served.url, unsigned: true });
  opened.push(queue);
  const attributes = JSON.parse('{"__proto__":"a","constructor":"b"}');
  await queue.send([{ body: 'x', attributes }]);
  const [message] = await queue.receive({ waitSeconds: 5 });
  expect(Object.entries(message!.attributes)).toEqual(Object.entries(attributes));
});

test('credentials that are not there are missed', async () => {
  const endpoint = served.url;
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, '');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
  await expect(openSqsQueue({ queue: 'q', endpoint })).rejects.toMatchObject({ code: 'QUEUE_CREDENTIALS' });
});
