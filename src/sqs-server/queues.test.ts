import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { md5OfAttributes } from './protocol/md5.js';
import { createQueueServer, type QueueServer } from './sqs-server.js';
import { closeDatabase, openDatabase } from './store/queue-database.js';

let server: QueueServer;
const url = (name: string) => `http://queue:1/000000000000/${name}`;

beforeEach(() => {
  server = createQueueServer({ path: ':memory:', baseUrl: 'http://queue:1' });
});

afterEach(() => server.close());

async function call(action: string, input: object) {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await server.app.request('/', { method: 'POST', headers, body: JSON.stringify(input) });
  const text = await response.text();
  return text === '' ? {} : JSON.parse(text);
}

test('creating a queue twice is fine, with the same attributes', async () => {
  const first = await call('CreateQueue', { QueueName: 'q', Attributes: { DelaySeconds: '0' } });
  expect(first).toEqual({ QueueUrl: url('q') });
  expect(await call('CreateQueue', { QueueName: 'q' })).toEqual(first);
  expect(await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '30' } })).toEqual(first);
});

test('queues are listed by prefix, in pages', async () => {
  for (const QueueName of ['b1', 'a3', 'a1', 'a2']) await call('CreateQueue', { QueueName });
  expect((await call('ListQueues', {})).QueueUrls).toHaveLength(4);
  const first = await call('ListQueues', { QueueNamePrefix: 'a', MaxResults: 2 });
  expect(first.QueueUrls).toEqual([url('a1'), url('a2')]);
  const { NextToken } = first;
  const second = await call('ListQueues', { QueueNamePrefix: 'a', MaxResults: 2, NextToken });
  expect(second).toEqual({ QueueUrls: [url('a3')] });
});

test('attributes that were set are reported and obeyed', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  await call('SetQueueAttributes', { QueueUrl: url('q'), Attributes: { DelaySeconds: '60', RedrivePolicy: '' } });
  const { Attributes } = await call('GetQueueAttributes', { QueueUrl: url('q'), AttributeNames: ['DelaySeconds'] });
  expect(Attributes).toEqual({ DelaySeconds: '60' });
  await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'x' });
  await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'y', DelaySeconds: 0 });
  expect(server.stats().queues[0]).toMatchObject({ visible: 1, delayed: 1 });
});

test('a purge empties a queue, whatever its messages are doing', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'a' });
  await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'b', DelaySeconds: 60 });
  await call('ReceiveMessage', { QueueUrl: url('q') });
  await call('PurgeQueue', { QueueUrl: url('q') });
  expect(server.stats().queues[0]).toMatchObject({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a deleted queue is gone, and one of the same name starts empty', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'x' });
  await call('DeleteQueue', { QueueUrl: url('q') });
  expect((await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'x' })).__type).toContain('QueueDoesNotExist');
  await call('CreateQueue', { QueueName: 'q' });
  expect(server.stats().queues).toEqual([{ name: 'q', visible: 0, inFlight: 0, delayed: 0, waiting: 0 }]);
});

test('tags are kept', async () => {
  await call('CreateQueue', { QueueName: 'q', tags: { a: '1', b: '2' } });
  await call('TagQueue', { QueueUrl: url('q'), Tags: { b: '3', c: '4' } });
  await call('UntagQueue', { QueueUrl: url('q'), TagKeys: ['a'] });
  expect(await call('ListQueueTags', { QueueUrl: url('q') })).toEqual({ Tags: { b: '3', c: '4' } });
});

test('a tag may have any name', async () => {
  // Written as text: in JavaScript's own objects this name stands for something else.
  const tags = JSON.parse('{"__proto__":"1","constructor":"2"}');
  await call('CreateQueue', { QueueName: 'q', tags });
  await call('TagQueue', { QueueUrl: url('q'), Tags: JSON.parse('{"__proto__":"3","toString":"4"}') });
  await call('UntagQueue', { QueueUrl: url('q'), TagKeys: ['constructor'] });
  const { Tags } = await call('ListQueueTags', { QueueUrl: url('q') });
  expect(Object.entries(Tags)).toEqual([
    ['__proto__', '3'],
    ['toString', '4'],
  ]);
});

test('a message attribute may have any name', async () => {
  await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '0' } });
  const attribute = (StringValue: string) => ({ DataType: 'String', StringValue });
  const names = ['__proto__', 'constructor', 'toString'];
  const MessageAttributes = Object.fromEntries(names.map((name) => [name, attribute(name)]));
  const sent = await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'x', MessageAttributes });
  expect(sent.MD5OfMessageAttributes).toBe(md5OfAttributes(MessageAttributes));
  const { Messages } = await call('ReceiveMessage', { QueueUrl: url('q'), MessageAttributeNames: ['__proto__'] });
  expect(Object.entries(Messages[0].MessageAttributes)).toEqual([['__proto__', attribute('__proto__')]]);
});

test('a message that is past its retention is not delivered', async () => {
  await call('CreateQueue', { QueueName: 'q', Attributes: { MessageRetentionPeriod: '60' } });
  await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'old' });
  const { now } = Date;
  const shifted = now() + 61_000;
  Date.now = () => shifted;
  try {
    await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'new' });
    const { Messages } = await call('ReceiveMessage', { QueueUrl: url('q'), MaxNumberOfMessages: 10 });
    expect(Messages.map(({ Body }: { Body: string }) => Body)).toEqual(['new']);
  } finally {
    Date.now = now;
  }
});

test('a dead-letter queue that names its sources takes those, and no others', async () => {
  const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
  const allow = JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns: [arn('mine')] });
  await call('CreateQueue', { QueueName: 'dead', Attributes: { RedriveAllowPolicy: allow } });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 2 });
  const create = (QueueName: string) => call('CreateQueue', { QueueName, Attributes: { RedrivePolicy } });
  expect(await create('mine')).toEqual({ QueueUrl: url('mine') });
  expect((await create('other')).message).toContain('does not allow');
});

test('an ARN of another account or region names no queue of ours', async () => {
  await call('CreateQueue', { QueueName: 'dead' });
  for (const of of ['us-east-1:111111111111', 'eu-west-1:000000000000']) {
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: `arn:aws:sqs:${of}:dead`, maxReceiveCount: 2 });
    const refused = await call('CreateQueue', { QueueName: 'q', Attributes: { RedrivePolicy } });
    expect(refused.message).toContain('does not exist');
  }
});

test('a queue is found by its name in its own account only', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  const find = (QueueOwnerAWSAccountId?: string) => call('GetQueueUrl', { QueueName: 'q', QueueOwnerAWSAccountId });
  expect([await find(), await find('000000000000')]).toEqual([{ QueueUrl: url('q') }, { QueueUrl: url('q') }]);
  expect((await find('111111111111')).__type).toContain('QueueDoesNotExist');
});

test('when a queue was changed is told, and a purge is refused for a minute only', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_750_000_000_000 });
  try {
    await call('CreateQueue', { QueueName: 'q' });
    vi.setSystemTime(1_750_000_050_000);
    await call('SetQueueAttributes', { QueueUrl: url('q'), Attributes: { DelaySeconds: '0' } });
    const { Attributes } = await call('GetQueueAttributes', { QueueUrl: url('q'), AttributeNames: ['All'] });
    expect(Attributes).toMatchObject({ CreatedTimestamp: '1750000000', LastModifiedTimestamp: '1750000050' });
    expect(await call('PurgeQueue', { QueueUrl: url('q') })).toEqual({});
    vi.setSystemTime(1_750_000_109_999);
    expect((await call('PurgeQueue', { QueueUrl: url('q') })).__type).toContain('PurgeQueueInProgress');
    vi.setSystemTime(1_750_000_110_000);
    expect(await call('PurgeQueue', { QueueUrl: url('q') })).toEqual({});
  } finally {
    vi.useRealTimers();
  }
});

test('a batch of a mebibyte is taken, with one byte more it is not', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  const sendBatch = (...sizes: number[]) =>
    call('SendMessageBatch', {
      QueueUrl: url('q'),
      Entries: sizes.map((size, i) => ({ Id: `${i}`, MessageBody: 'x'.repeat(size) })),
    });
  expect((await sendBatch(524_288, 524_288)).Successful).toHaveLength(2);
  expect((await sendBatch(524_288, 524_289)).__type).toContain('BatchRequestTooLong');
});

test('the digest of some attributes is of those that are given out', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  const attribute = (StringValue: string) => ({ DataType: 'String', StringValue });
  const MessageAttributes = { a: attribute('1'), b: attribute('2') };
  await call('SendMessage', { QueueUrl: url('q'), MessageBody: 'x', MessageAttributes });
  const { Messages } = await call('ReceiveMessage', { QueueUrl: url('q'), MessageAttributeNames: ['a'] });
  expect(Messages[0].MD5OfMessageAttributes).toBe(md5OfAttributes({ a: attribute('1') }));
});

test('a request that is too long, or does not say how long it is, is not read', async () => {
  const status = async (headers: Record<string, string>) =>
    (await server.app.request('/', { method: 'POST', headers, body: '{}' })).status;
  const target = { 'x-amz-target': 'AmazonSQS.ListQueues' };
  expect(await status({ ...target, 'content-length': String(8 * 1_048_576) })).toBe(200);
  expect(await status({ ...target, 'content-length': String(8 * 1_048_576 + 1) })).toBe(413);
  expect(await status({ ...target, 'transfer-encoding': 'chunked' })).toBe(413);
});

test('a server that is closed answers so, and may be closed twice', async () => {
  server.close();
  server.close();
  expect((await call('ListQueues', {})).__type).toBe('ServiceUnavailable');
  expect((await server.app.request('/ready')).status).toBe(503);
  expect((await server.app.request('/health')).status).toBe(200);
});

test('a store of a newer version is not touched', () => {
  const folder = mkdtempSync(join(tmpdir(), 'queues-'));
  try {
    const path = join(folder, 'queue.db');
    const database = openDatabase(path);
    database.exec('PRAGMA user_version = 2');
    closeDatabase(database);
    const problem = { code: 'QUEUE_STORE_UNUSABLE', message: expect.stringContaining('newer version') };
    expect(() => openDatabase(path)).toThrow(expect.objectContaining(problem));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
