/** The server around the API: health, statistics, who may call it, its end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { closeDatabase } from '../lib/sqlite/driver.js';
import { callSqs, requestSqs, urlOf } from '../test/support/sqs-caller.js';
import { createQueueServer, type QueueServer } from './sqs-server.js';
import { openDatabase } from './store/queue-database.js';

let server: QueueServer;

beforeEach(() => {
  server = createQueueServer({ path: ':memory:' });
});

afterEach(() => server.close());

const get = async (path: string) => {
  const response = await server.app.request(path);
  return [response.status, await response.json()];
};

test('health, readiness and statistics', async () => {
  expect(await get('/health')).toEqual([200, { status: 'healthy' }]);
  expect(await get('/ready')).toEqual([200, { status: 'ready' }]);
  await callSqs(server, 'CreateQueue', { QueueName: 'q' });
  await callSqs(server, 'SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'x' });
  await callSqs(server, 'SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'y' });
  await callSqs(server, 'Nothing');
  const stats = {
    queues: [{ name: 'q', visible: 2, inFlight: 0, delayed: 0, waiting: 0, oldestAgeMs: expect.any(Number) }],
    requests: { CreateQueue: 1, SendMessage: 2, unsupported: 1 },
    refused: { InvalidAction: 1 },
    commits: 3,
    store: { status: 'ready' },
  };
  expect(await get('/stats')).toEqual([200, stats]);
  expect(server.stats()).toEqual(stats);
});

test('closing answers receivers that wait; then every request is refused, and closing again does nothing', async () => {
  await callSqs(server, 'CreateQueue', { QueueName: 'q' });
  const waiting = callSqs(server, 'ReceiveMessage', { QueueUrl: urlOf('q'), WaitTimeSeconds: 20 });
  await vi.waitUntil(() => server.stats().queues[0]?.waiting === 1);
  server.close();
  server.close();
  expect(await waiting).toEqual({});
  const { status, body } = await requestSqs(server, 'ListQueues');
  expect([status, body.__type]).toEqual([503, 'ServiceUnavailable']);
  expect(await get('/ready')).toEqual([503, { status: 'closed' }]);
  expect(await get('/health')).toEqual([200, { status: 'healthy' }]);
});

test('a client that disconnects stops waiting, and takes no message with it', async () => {
  await callSqs(server, 'CreateQueue', { QueueName: 'q' });
  const client = new AbortController();
  const body = JSON.stringify({ QueueUrl: urlOf('q'), WaitTimeSeconds: 20 });
  const headers = { 'x-amz-target': 'AmazonSQS.ReceiveMessage' };
  void server.app.request(new Request('http://sqs.test/', { method: 'POST', headers, body, signal: client.signal }));
  await vi.waitUntil(() => server.stats().queues[0]?.waiting === 1);
  client.abort();
  await vi.waitUntil(() => server.stats().queues[0]?.waiting === 0);
  await callSqs(server, 'SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'x' });
  expect(server.stats().queues[0]).toMatchObject({ visible: 1, inFlight: 0 });
});

test('a request that is longer than 8 MiB is refused unread', async () => {
  const status = async (headers: Record<string, string>) =>
    (await requestSqs(server, 'ListQueues', {}, headers)).status;
  expect(await status({ 'content-length': String(8 * 1_048_576) })).toBe(200);
  expect(await status({ 'content-length': String(8 * 1_048_576 + 1) })).toBe(413);
});

test('a body of more values than any action has is refused before it is parsed; one long text is not', async () => {
  await callSqs(server, 'CreateQueue', { QueueName: 'q' });
  const parse = vi.spyOn(JSON, 'parse');
  const wide = await requestSqs(server, 'SendMessage', `{"a":[${'1,'.repeat(100_000)}1]}`);
  expect([wide.status, wide.body.__type]).toEqual([400, 'com.amazonaws.sqs#SerializationException']);
  // Of the answer alone.
  expect(parse).toHaveBeenCalledTimes(1);
  parse.mockRestore();
  const MessageBody = '[{,"\\'.repeat(100_000);
  expect((await requestSqs(server, 'SendMessage', { QueueUrl: urlOf('q'), MessageBody })).status).toBe(200);
});

test('every refusal has a JSON body: of compressed requests, and of other paths', async () => {
  const body = { method: 'POST', headers: { 'content-encoding': 'gzip', 'content-length': '2' }, body: '{}' };
  const compressed = await server.app.request('/', body);
  expect([compressed.status, await compressed.json()]).toMatchObject([415, { __type: 'BODY_ENCODED' }]);
  expect(await get('/nothing')).toMatchObject([404, { __type: 'NotFound', message: 'there is no GET /nothing here' }]);
});

test('queue URLs have the given origin, else the host of the request; region and account are in names', async () => {
  const create = (headers: Record<string, string>) => requestSqs(server, 'CreateQueue', { QueueName: 'q' }, headers);
  expect((await create({ host: 'a:1' })).body).toEqual({ QueueUrl: 'http://a:1/000000000000/q' });
  const bare = await server.app.request('/', {
    ...{ method: 'POST', headers: { 'x-amz-target': 'AmazonSQS.CreateQueue' }, body: '{"QueueName":"q"}' },
  });
  expect(await bare.json()).toEqual({ QueueUrl: 'http://localhost/000000000000/q' });
  server.close();
  server = createQueueServer({ path: ':memory:', baseUrl: 'https://queue:1' });
  const QueueUrl = 'https://queue:1/000000000000/q';
  expect((await create({})).body).toEqual({ QueueUrl });
  const { Attributes } = await callSqs(server, 'GetQueueAttributes', { QueueUrl, AttributeNames: ['QueueArn'] });
  expect(Attributes).toEqual({ QueueArn: 'arn:aws:sqs:us-east-1:000000000000:q' });
});

test.each<[string, Record<string, string>, number, string | undefined]>([
  ['a name that was rebound to this machine', { host: 'evil.example' }, 403, 'UNKNOWN_HOST'],
  ['a page of another origin', { host: 'localhost:9324', origin: 'http://evil.example' }, 403, 'FOREIGN_ORIGIN'],
  ['an SDK on this machine', { host: '127.0.0.1:9324' }, 200, undefined],
])('with host names given it refuses requests from a browser: %s', async (_, headers, status, code) => {
  server.close();
  server = createQueueServer({ path: ':memory:', hosts: ['localhost', '127.0.0.1'] });
  const answer = await requestSqs(server, 'ListQueues', {}, headers);
  expect([answer.status, answer.body.__type]).toEqual([status, code]);
});

test('FIFO queues of an earlier version stay in the store; one warning names them, other queues work', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fifo-'));
  try {
    const path = join(folder, 'queue.db');
    const first = createQueueServer({ path });
    for (const QueueName of ['a', 'b', 'q']) await callSqs(first, 'CreateQueue', { QueueName });
    await callSqs(first, 'SendMessage', { QueueUrl: urlOf('a'), MessageBody: 'kept' });
    await callSqs(first, 'SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'x' });
    first.close();
    const edit = (sql: string) => {
      const database = openDatabase(path);
      database.exec(sql);
      closeDatabase(database);
    };
    edit("UPDATE queues SET name = name || '.fifo' WHERE name IN ('a', 'b')");
    const warn = vi.fn();
    const second = createQueueServer({ path, warn });
    expect(second.stats().queues).toMatchObject([{ name: 'q', visible: 1 }]);
    second.close();
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/FIFO queues are not supported; not offered: a\.fifo, b\.fifo\. They stay in the file/)],
    ]);
    edit("UPDATE queues SET name = 'a' WHERE name = 'a.fifo'; DELETE FROM queues WHERE name = 'b.fifo'");
    const third = createQueueServer({ path, warn });
    expect(third.stats().queues).toMatchObject([
      { name: 'a', visible: 1 },
      { name: 'q', visible: 1 },
    ]);
    third.close();
    expect(warn).toHaveBeenCalledTimes(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
