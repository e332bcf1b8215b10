import { afterEach, beforeEach, expect, test } from 'vitest';
import { md5OfAttributes } from './protocol/md5.js';
import { createQueueServer, type QueueServer } from './sqs-server.js';

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
