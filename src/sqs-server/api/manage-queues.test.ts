import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { arnOf, callSqs, requestSqs, urlOf } from '../../test/support/sqs-caller.js';
import { HELD_CLOCK } from '../../test/support/test-clock.js';
import { createQueueServer, type QueueServer } from '../sqs-server.js';

let server: QueueServer;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_750_000_000_000 });
  server = createQueueServer({ path: ':memory:', clock: HELD_CLOCK });
});

afterEach(() => {
  server.close();
  vi.useRealTimers();
});

const call = (action: string, input: object = {}) => callSqs(server, action, input);

test('creating a queue twice is fine, with the same attributes', async () => {
  const first = await call('CreateQueue', { QueueName: 'q', Attributes: { DelaySeconds: '0' } });
  expect(first).toEqual({ QueueUrl: urlOf('q') });
  expect(await call('CreateQueue', { QueueName: 'q' })).toEqual(first);
  expect(await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '30' } })).toEqual(first);
});

test('queues are listed by prefix, in pages', async () => {
  for (const QueueName of ['b1', 'a3', 'a1', 'a2']) await call('CreateQueue', { QueueName });
  expect((await call('ListQueues', {})).QueueUrls).toHaveLength(4);
  const first = await call('ListQueues', { QueueNamePrefix: 'a', MaxResults: 2 });
  expect(first.QueueUrls).toEqual([urlOf('a1'), urlOf('a2')]);
  const { NextToken } = first;
  const second = await call('ListQueues', { QueueNamePrefix: 'a', MaxResults: 2, NextToken });
  expect(second).toEqual({ QueueUrls: [urlOf('a3')] });
});

test('attributes that were set are reported and obeyed', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  await call('SetQueueAttributes', { QueueUrl: urlOf('q'), Attributes: { DelaySeconds: '60', RedrivePolicy: '' } });
  const { Attributes } = await call('GetQueueAttributes', { QueueUrl: urlOf('q'), AttributeNames: ['DelaySeconds'] });
  expect(Attributes).toEqual({ DelaySeconds: '60' });
  await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'x' });
  await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'y', DelaySeconds: 0 });
  expect(server.stats().queues[0]).toMatchObject({ visible: 1, delayed: 1 });
});

test('a purge empties a queue, whatever its messages are doing', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'a' });
  await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'b', DelaySeconds: 60 });
  await call('ReceiveMessage', { QueueUrl: urlOf('q') });
  await call('PurgeQueue', { QueueUrl: urlOf('q') });
  expect(server.stats().queues[0]).toMatchObject({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a deleted queue is gone, and one of the same name starts empty', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'x' });
  await call('DeleteQueue', { QueueUrl: urlOf('q') });
  expect((await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'x' })).__type).toContain('QueueDoesNotExist');
  await call('CreateQueue', { QueueName: 'q' });
  expect(server.stats().queues).toEqual([{ name: 'q', visible: 0, inFlight: 0, delayed: 0, waiting: 0 }]);
});

test('tags are kept', async () => {
  await call('CreateQueue', { QueueName: 'q', tags: { a: '1', b: '2' } });
  await call('TagQueue', { QueueUrl: urlOf('q'), Tags: { b: '3', c: '4' } });
  await call('UntagQueue', { QueueUrl: urlOf('q'), TagKeys: ['a'] });
  expect(await call('ListQueueTags', { QueueUrl: urlOf('q') })).toEqual({ Tags: { b: '3', c: '4' } });
});

test('a tag may have any name', async () => {
  // Written as text: in JavaScript's own objects this name stands for something else.
  const tags = JSON.parse('{"__proto__":"1","constructor":"2"}');
  await call('CreateQueue', { QueueName: 'q', tags });
  await call('TagQueue', { QueueUrl: urlOf('q'), Tags: JSON.parse('{"__proto__":"3","toString":"4"}') });
  await call('UntagQueue', { QueueUrl: urlOf('q'), TagKeys: ['constructor'] });
  const { Tags } = await call('ListQueueTags', { QueueUrl: urlOf('q') });
  expect(Object.entries(Tags)).toEqual([
    ['__proto__', '3'],
    ['toString', '4'],
  ]);
});

test('a dead-letter queue that names its sources takes those, and no others', async () => {
  const allow = JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns: [arnOf('mine')] });
  await call('CreateQueue', { QueueName: 'dead', Attributes: { RedriveAllowPolicy: allow } });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 2 });
  const create = (QueueName: string) => call('CreateQueue', { QueueName, Attributes: { RedrivePolicy } });
  expect(await create('mine')).toEqual({ QueueUrl: urlOf('mine') });
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
  expect([await find(), await find('000000000000')]).toEqual([{ QueueUrl: urlOf('q') }, { QueueUrl: urlOf('q') }]);
  expect((await find('111111111111')).__type).toContain('QueueDoesNotExist');
});

test('a queue tells when it was created and changed, and refuses a second purge within a minute', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  vi.setSystemTime(1_750_000_050_000);
  await call('SetQueueAttributes', { QueueUrl: urlOf('q'), Attributes: { DelaySeconds: '0' } });
  const { Attributes } = await call('GetQueueAttributes', { QueueUrl: urlOf('q'), AttributeNames: ['All'] });
  expect(Attributes).toMatchObject({ CreatedTimestamp: '1750000000', LastModifiedTimestamp: '1750000050' });
  expect(await call('PurgeQueue', { QueueUrl: urlOf('q') })).toEqual({});
  vi.setSystemTime(1_750_000_109_999);
  expect((await call('PurgeQueue', { QueueUrl: urlOf('q') })).__type).toContain('PurgeQueueInProgress');
  vi.setSystemTime(1_750_000_110_000);
  expect(await call('PurgeQueue', { QueueUrl: urlOf('q') })).toEqual({});
});

test('a FIFO queue is refused with what to do instead', async () => {
  for (const input of [
    { QueueName: 'readings.fifo', Attributes: { FifoQueue: 'true' } },
    { QueueName: 'readings.fifo' },
    { QueueName: 'readings', Attributes: { FifoQueue: 'true' } },
  ]) {
    const { status, headers, body } = await requestSqs(server, 'CreateQueue', input);
    expect(status).toBe(400);
    expect(headers.get('x-amzn-query-error')).toBe('AWS.SimpleQueueService.UnsupportedOperation;Sender');
    expect(body.__type).toBe('com.amazonaws.sqs#UnsupportedOperation');
    expect(body.message).toMatch(/FIFO queues are not supported.*standard queue.*Amazon SQS/);
  }
  expect(server.stats().queues).toEqual([]);
});

test('a name has 1 to 80 letters, digits, hyphens and underscores', async () => {
  const create = async (QueueName: string) => (await call('CreateQueue', { QueueName })).__type;
  expect(await create('aZ09_-')).toBeUndefined();
  expect(await create('x'.repeat(80))).toBeUndefined();
  for (const name of ['x'.repeat(81), 'a.b', 'ü', 'a b']) expect(await create(name)).toContain('InvalidParameterValue');
});

test('a queue with another value of an attribute, or of one that has no default, is not created again', async () => {
  await call('CreateQueue', { QueueName: 'q', Attributes: { KmsDataKeyReusePeriodSeconds: '60' } });
  const create = (Attributes: object) => call('CreateQueue', { QueueName: 'q', Attributes });
  for (const same of [{ KmsDataKeyReusePeriodSeconds: '60', Policy: '' }, { SqsManagedSseEnabled: 'True' }]) {
    expect(await create(same)).toEqual({ QueueUrl: urlOf('q') });
  }
  const refused = await create({ Policy: '{}', SqsManagedSseEnabled: 'true' });
  expect(refused.__type).toContain('QueueNameExists');
  expect(refused.message).toMatch(/for attribute Policy$/);
});

test('what is empty is left out: no queues, no tags', async () => {
  expect(await call('ListQueues')).toEqual({});
  await call('CreateQueue', { QueueName: 'q' });
  expect(await call('ListQueueTags', { QueueUrl: urlOf('q') })).toEqual({});
});

test('a queue is found by its name alone in place of its URL', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  expect(await call('SendMessage', { QueueUrl: 'q', MessageBody: 'x' })).toHaveProperty('MessageId');
  expect((await call('SendMessage', { QueueUrl: 'none', MessageBody: 'x' })).__type).toContain('QueueDoesNotExist');
});

test('without the purge interval a queue may be purged again at once', async () => {
  const free = createQueueServer({ path: ':memory:', purgeInterval: false });
  await callSqs(free, 'CreateQueue', { QueueName: 'q' });
  for (let i = 0; i < 2; i++) expect(await callSqs(free, 'PurgeQueue', { QueueUrl: urlOf('q') })).toEqual({});
  free.close();
});

test('all attributes are given, or those that are asked for, also of FIFO queues, which have no value', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'a' });
  await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'b', DelaySeconds: 60 });
  await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'c' });
  await call('SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'd' });
  await call('ReceiveMessage', { QueueUrl: urlOf('q') });
  const get = async (...AttributeNames: string[]) =>
    call('GetQueueAttributes', { QueueUrl: urlOf('q'), AttributeNames });
  expect(await get('All')).toEqual({
    Attributes: {
      ...{ VisibilityTimeout: '30', MessageRetentionPeriod: '345600', MaximumMessageSize: '1048576' },
      ...{ DelaySeconds: '0', ReceiveMessageWaitTimeSeconds: '0', QueueArn: arnOf('q') },
      SqsManagedSseEnabled: 'true',
      ...{ CreatedTimestamp: '1750000000', LastModifiedTimestamp: '1750000000' },
      ...{ ApproximateNumberOfMessages: '2', ApproximateNumberOfMessagesNotVisible: '1' },
      ApproximateNumberOfMessagesDelayed: '1',
    },
  });
  const fifo = ['FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'];
  expect(await get(...fifo)).toEqual({});
  expect(await get()).toEqual({});
  expect((await get('Colour')).__type).toContain('InvalidAttributeName');
});

test('a queue that allows nobody, or everybody, as source of dead letters', async () => {
  const create = async (permission: string) => {
    const RedriveAllowPolicy = JSON.stringify({ redrivePermission: permission });
    await call('CreateQueue', { QueueName: permission, Attributes: { RedriveAllowPolicy } });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf(permission), maxReceiveCount: 2 });
    await call('CreateQueue', { QueueName: `of-${permission}` });
    return call('SetQueueAttributes', { QueueUrl: urlOf(`of-${permission}`), Attributes: { RedrivePolicy } });
  };
  expect(await create('allowAll')).toEqual({});
  expect((await create('denyAll')).message).toContain('does not allow');
});

test('SetQueueAttributes needs attributes', async () => {
  await call('CreateQueue', { QueueName: 'q' });
  expect((await call('SetQueueAttributes', { QueueUrl: urlOf('q') })).__type).toContain('MissingRequiredParameter');
});

test.each<[string, object, string | undefined]>([
  ['50 tags', Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, ''])), undefined],
  ['51 tags', Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`t${i}`, ''])), 'Too many tags added for queue'],
  ['a key of 128 characters', { ['k'.repeat(128)]: '' }, undefined],
  ['a key of 129 characters', { ['k'.repeat(129)]: '' }, 'between 1 and 128'],
  ['an empty key', { '': '' }, 'between 1 and 128'],
  ['a value of 256 characters', { k: 'v'.repeat(256) }, undefined],
  ['a value of 257 characters', { k: 'v'.repeat(257) }, 'between 0 and 256'],
])('the limits of tags: %s', async (_, Tags, problem) => {
  await call('CreateQueue', { QueueName: 'q' });
  const answers = [
    await call('TagQueue', { QueueUrl: urlOf('q'), Tags }),
    await call('CreateQueue', { QueueName: 'tagged', Tags }),
  ];
  for (const answer of answers) {
    if (problem === undefined) expect(answer.message).toBeUndefined();
    else expect(answer.message).toContain(problem);
  }
  expect(await call('ListQueueTags', { QueueUrl: urlOf('q') })).toEqual(problem === undefined ? { Tags } : {});
});

test('pages of a list hold at most a thousand, and a token needs MaxResults', async () => {
  await call('CreateQueue', { QueueName: 'a' });
  await call('CreateQueue', { QueueName: 'b' });
  const { NextToken } = await call('ListQueues', { MaxResults: 1 });
  expect(await call('ListQueues', { MaxResults: 1, NextToken })).toEqual({ QueueUrls: [urlOf('b')] });
  // A full page that is the last one has no token.
  expect(await call('ListQueues', { MaxResults: 2 })).toEqual({ QueueUrls: [urlOf('a'), urlOf('b')] });
  for (const input of [{ NextToken }, { MaxResults: 1, NextToken: '' }, { MaxResults: 1001 }]) {
    expect((await call('ListQueues', input)).__type).toContain('InvalidParameterValue');
  }
});
