/** The SQS server: its protocol, and the actions on queues, their attributes and tags. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { guardCalls } from './guard-calls.js';
import { arnOf, NOW, type SqsOfTest, sqsOfTest, urlOf } from './sqs-support.js';

const recorded = (name: string) => `../recorded/http/sqs/${name}.http`;

const running: SqsOfTest[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  for (const { server } of running.splice(0)) server.close();
  vi.useRealTimers();
});

function start(title: string, options = {}): SqsOfTest {
  const world = sqsOfTest(title, options);
  running.push(world);
  return world;
}

test('the protocol', async () => {
  const { transcript, call } = start('The SQS server: requests that are none of its protocol');
  const post = (title: string, headers: Record<string, string>, body?: unknown, path = '/', shown?: string) =>
    transcript.call(title, 'POST', path, { headers, body, ...(shown === undefined ? {} : { shown }) });
  const target = { 'x-amz-target': 'AmazonSQS.ListQueues' };
  await post('no action', {}, {});
  await post('an action of another service', { 'x-amz-target': 'DynamoDB_20120810.ListTables' }, {});
  await post('an action without a name', { 'x-amz-target': 'AmazonSQS.' }, {});
  await call('an action that is not supported', 'AddPermission', {});
  await call('an action that is none', 'constructor', {});
  await post('the query protocol', {}, 'Action=ListQueues&Version=2012-11-05');
  await post('the query protocol, in another order', {}, 'Version=2012-11-05&Action=ListQueues');
  await post('no body', target);
  await post('any path', target, {}, '/000000000000/readings');
  await post('no JSON', target, 'no');
  await post('a list', target, '[]');
  await post('a text', target, '"text"');
  await post('null', target, 'null');
  await post('not UTF-8', target, new Uint8Array([0x7b, 0xff, 0x7d]), '/', '<bytes 7b ff 7d>');
  await post('the headers of an SDK', {
    ...target,
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-query-mode': 'true',
    authorization: 'AWS4-HMAC-SHA256 Credential=any/20250326/us-east-1/sqs/aws4_request, Signature=any',
  });
  await post('a Content-Length of more than 8 MiB, whatever comes', { ...target, 'content-length': '8388609' }, '{}');
  await post('a length that is not known', { ...target, 'transfer-encoding': 'chunked' }, '{}');
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/000000000000/readings'],
    ['PUT', '/'],
    ['OPTIONS', '/'],
    ['GET', '/nothing'],
  ] as const) {
    await transcript.call(`${method} ${path}`, method, path, { headers: target });
  }
  await expect(transcript.text).toMatchFileSnapshot(recorded('protocol'));
});

test('health, readiness, statistics and the end', async () => {
  const { transcript, call, server, quietly } = start('The SQS server: GET /health, /ready and /stats, and its end');
  await transcript.call('health', 'GET', '/health');
  await transcript.call('ready', 'GET', '/ready');
  await transcript.call('statistics', 'GET', '/stats');
  await quietly('CreateQueue', { QueueName: 'readings' });
  await quietly('SendMessage', { QueueUrl: urlOf('readings'), MessageBody: 'a' });
  await quietly('SendMessage', { QueueUrl: urlOf('readings'), MessageBody: 'b' });
  await quietly('SendMessage', { QueueUrl: urlOf('readings'), MessageBody: 'c', DelaySeconds: 5 });
  await quietly('ReceiveMessage', { QueueUrl: urlOf('readings') });
  await quietly('ReceiveMessage', { QueueUrl: 'nowhere' });
  await quietly('Nothing', {});
  await transcript.call('statistics', 'GET', '/stats');
  await transcript.call('health, POST: an action is missing', 'POST', '/health', { body: '{}' });
  server.close();
  transcript.note('the server is closed');
  await transcript.call('health', 'GET', '/health');
  await transcript.call('ready', 'GET', '/ready');
  await call('any action', 'ListQueues');
  await expect(transcript.text).toMatchFileSnapshot(recorded('health'));
});

test('Host and Origin', async () => {
  const hosts = ['localhost', '127.0.0.1', '::1', 'queue.test'];
  const { transcript, call } = start('The SQS server, known as localhost, 127.0.0.1, ::1 and queue.test', { hosts });
  await guardCalls(transcript, '/health', 'queue.test');
  await call('an action', 'ListQueues', {});
  await call('an action of a page of another site', 'ListQueues', {}, { origin: 'http://evil.test' });
  await call('an action under another name', 'ListQueues', {}, { host: 'evil.test' });
  await expect(transcript.text).toMatchFileSnapshot(recorded('guard'));
});

test('where it is', async () => {
  const options = { region: 'eu-central-1', accountId: '123456789012', baseUrl: 'https://sqs.example:8443' };
  const { transcript, call } = start('The SQS server with a region, an account and an address of its own', options);
  await call('a queue', 'CreateQueue', { QueueName: 'readings' });
  const QueueUrl = 'http://any.host/123456789012/readings';
  await call('its name', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['QueueArn'] });
  await call('of another account', 'GetQueueAttributes', { QueueUrl: urlOf('readings') });
  await call('of whom a message is', 'SendMessage', { QueueUrl, MessageBody: 'x' });
  await call('who sent it', 'ReceiveMessage', { QueueUrl, MessageSystemAttributeNames: ['SenderId'] });
  const own = start('and without, where no Host is given');
  await own.transcript.call('a queue', 'POST', '/', {
    headers: { 'x-amz-target': 'AmazonSQS.CreateQueue' },
    body: { QueueName: 'readings' },
  });
  await expect(transcript.text + own.transcript.text).toMatchFileSnapshot(recorded('addresses'));
});

test('CreateQueue', async () => {
  const { transcript, call, quietly } = start('CreateQueue');
  const create = (title: string, input: unknown) => call(title, 'CreateQueue', input);
  await create('a name', { QueueName: 'readings' });
  await create('once more', { QueueName: 'readings' });
  await create('with an attribute as it is by default', {
    QueueName: 'readings',
    Attributes: { VisibilityTimeout: '30' },
  });
  await create('with another', { QueueName: 'readings', Attributes: { VisibilityTimeout: '31' } });
  await create('a name of 80 letters', { QueueName: 'x'.repeat(80) });
  await create('all attributes, and tags', {
    QueueName: 'full',
    Attributes: {
      VisibilityTimeout: '60',
      MessageRetentionPeriod: '3600',
      MaximumMessageSize: '2048',
      DelaySeconds: '5',
      ReceiveMessageWaitTimeSeconds: '10',
      Policy: '{"Version":"2012-10-17"}',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('readings'), maxReceiveCount: 3 }),
      RedriveAllowPolicy: '{"redrivePermission":"denyAll"}',
      KmsMasterKeyId: 'alias/aws/sqs',
      KmsDataKeyReusePeriodSeconds: '300',
      SqsManagedSseEnabled: 'false',
    },
    tags: { a: '1' },
    Tags: { b: '2' },
  });
  transcript.value(
    'as it was made:',
    await quietly('GetQueueAttributes', { QueueUrl: urlOf('full'), AttributeNames: ['All'] }),
  );
  transcript.value('its tags:', await quietly('ListQueueTags', { QueueUrl: urlOf('full') }));
  await create('no name', {});
  await create('an empty name', { QueueName: '' });
  await create('a number', { QueueName: 5 });
  await create('a name with a blank', { QueueName: 'a b' });
  await create('a name of 81 letters', { QueueName: 'y'.repeat(81) });
  await create('the name of a FIFO queue without its attribute', { QueueName: 'a.fifo' });
  await create('an unknown attribute', { QueueName: 'a', Attributes: { Colour: 'red' } });
  await create('an attribute that is computed', { QueueName: 'a', Attributes: { QueueArn: 'x' } });
  await create('an attribute of FIFO queues', { QueueName: 'a', Attributes: { ContentBasedDeduplication: 'true' } });
  await create('FifoQueue is false', { QueueName: 'a', Attributes: { FifoQueue: 'false' } });
  await create('a number for an attribute', { QueueName: 'a', Attributes: { DelaySeconds: 5 } });
  await create('attributes that are a list', { QueueName: 'a', Attributes: [] });
  const redrive = (deadLetterTargetArn: string) => ({
    QueueName: 'a',
    Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }) },
  });
  await create('a dead-letter queue that is not there', redrive(arnOf('nothing')));
  await create('a dead-letter queue that allows none', redrive(arnOf('full')));
  await create('tags that are no texts', { QueueName: 'a', tags: { a: 1 } });
  await create('a tag without a key', { QueueName: 'a', tags: { '': 'x' } });
  await call('none of these was made', 'ListQueues');
  await expect(transcript.text).toMatchFileSnapshot(recorded('create-queue'));
});

test('CreateQueue of a FIFO queue', async () => {
  const { transcript, call } = start('CreateQueue of a FIFO queue');
  await call('a FIFO queue', 'CreateQueue', { QueueName: 'readings.fifo', Attributes: { FifoQueue: 'true' } });
  await expect(transcript.text).toMatchFileSnapshot(recorded('create-queue-fifo'));
});

test('GetQueueUrl, ListQueues and DeleteQueue', async () => {
  const { transcript, call, quietly } = start('GetQueueUrl, ListQueues and DeleteQueue');
  await call('no queues', 'ListQueues');
  for (const QueueName of ['b', 'a2', 'a1', 'A', 'c']) await quietly('CreateQueue', { QueueName });
  await call('the address of one', 'GetQueueUrl', { QueueName: 'a1' });
  await call('of this account', 'GetQueueUrl', { QueueName: 'a1', QueueOwnerAWSAccountId: '000000000000' });
  await call('of another account', 'GetQueueUrl', { QueueName: 'a1', QueueOwnerAWSAccountId: '111111111111' });
  await call('of one that is not there', 'GetQueueUrl', { QueueName: 'nothing' });
  await call('of none', 'GetQueueUrl', {});
  await call('all queues', 'ListQueues');
  await call('by how they begin', 'ListQueues', { QueueNamePrefix: 'a' });
  await call('none begins like this', 'ListQueues', { QueueNamePrefix: 'x' });
  const page = await call('two of them', 'ListQueues', { MaxResults: 2 });
  const next = await call('the next two', 'ListQueues', { MaxResults: 2, NextToken: page.json.NextToken });
  await call('the last', 'ListQueues', { MaxResults: 2, NextToken: next.json.NextToken });
  await call('exactly all', 'ListQueues', { MaxResults: 5 });
  await call('a token without a number', 'ListQueues', { NextToken: page.json.NextToken });
  await call('a token that is none', 'ListQueues', { MaxResults: 2, NextToken: '' });
  await call('too few', 'ListQueues', { MaxResults: 0 });
  await call('too many', 'ListQueues', { MaxResults: 1001 });
  await call('a number in text', 'ListQueues', { MaxResults: '2' });
  await call('a prefix that is no text', 'ListQueues', { QueueNamePrefix: 5 });
  await call('one is deleted', 'DeleteQueue', { QueueUrl: urlOf('a1') });
  await call('twice', 'DeleteQueue', { QueueUrl: urlOf('a1') });
  await call('none', 'DeleteQueue', {});
  await call('a path will do', 'DeleteQueue', { QueueUrl: '000000000000/a2' });
  await call('a name alone will not', 'DeleteQueue', { QueueUrl: 'b' });
  await call('what is left', 'ListQueues');
  await call('it can be made again at once', 'CreateQueue', { QueueName: 'a1' });
  await expect(transcript.text).toMatchFileSnapshot(recorded('queues'));
});

test('PurgeQueue', async () => {
  const { transcript, call, quietly } = start('PurgeQueue');
  const QueueUrl = urlOf('readings');
  await quietly('CreateQueue', { QueueName: 'readings' });
  for (const MessageBody of ['a', 'b']) await quietly('SendMessage', { QueueUrl, MessageBody });
  await quietly('ReceiveMessage', { QueueUrl });
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
  await call('one waits, one is in flight', 'GetQueueAttributes', { QueueUrl, AttributeNames });
  await call('all are gone', 'PurgeQueue', { QueueUrl });
  await call('none is left', 'GetQueueAttributes', { QueueUrl, AttributeNames });
  await call('again', 'PurgeQueue', { QueueUrl });
  vi.setSystemTime(NOW + 59_999);
  await call('a moment too early', 'PurgeQueue', { QueueUrl });
  vi.setSystemTime(NOW + 60_000);
  await call('a minute later', 'PurgeQueue', { QueueUrl });
  await call('one that is not there', 'PurgeQueue', { QueueUrl: urlOf('nothing') });
  await call('none', 'PurgeQueue', {});
  await expect(transcript.text).toMatchFileSnapshot(recorded('purge-queue'));
});

test('GetQueueAttributes and SetQueueAttributes', async () => {
  const { transcript, call, quietly } = start('GetQueueAttributes and SetQueueAttributes');
  const QueueUrl = urlOf('readings');
  for (const QueueName of ['readings', 'dead', 'other']) await quietly('CreateQueue', { QueueName });
  const get = (title: string, ...AttributeNames: unknown[]) =>
    call(title, 'GetQueueAttributes', { QueueUrl, AttributeNames });
  const set = (title: string, Attributes: unknown) => call(title, 'SetQueueAttributes', { QueueUrl, Attributes });
  await get('all of a new queue', 'All');
  await get('some', 'QueueArn', 'VisibilityTimeout');
  await get('one that was never set', 'RedrivePolicy');
  await get('none');
  await call('nothing is asked for', 'GetQueueAttributes', { QueueUrl });
  await get('one that is none', 'Colour');
  await get('an attribute of FIFO queues', 'FifoQueue');
  await get('a number', 5);
  await call('a text', 'GetQueueAttributes', { QueueUrl, AttributeNames: 'All' });
  await call('of a queue that is not there', 'GetQueueAttributes', { QueueUrl: urlOf('nothing') });
  await call('of none', 'GetQueueAttributes', {});
  vi.setSystemTime(NOW + 5_500);
  await set('some are set', {
    VisibilityTimeout: '60',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: '3' }),
  });
  await get('all', 'All');
  await set('one is taken back', { RedrivePolicy: '' });
  await get('it', 'RedrivePolicy');
  await set('nothing', {});
  await call('no attributes', 'SetQueueAttributes', { QueueUrl });
  await call('of a queue that is not there', 'SetQueueAttributes', { QueueUrl: urlOf('nothing'), Attributes: {} });
  await set('FifoQueue', { FifoQueue: 'true' });
  await set('an attribute of FIFO queues', { ContentBasedDeduplication: 'true' });
  await set('an attribute that is none', { Colour: 'red' });
  await set('a number', { VisibilityTimeout: 5 });
  const limits: Record<string, [string[], string[]]> = {
    VisibilityTimeout: [
      ['0', '43200'],
      ['-1', '43201', '1.5', '', 'x'],
    ],
    MessageRetentionPeriod: [
      ['60', '1209600'],
      ['59', '1209601'],
    ],
    MaximumMessageSize: [
      ['1024', '1048576'],
      ['1023', '1048577'],
    ],
    DelaySeconds: [
      ['0', '900'],
      ['-1', '901'],
    ],
    ReceiveMessageWaitTimeSeconds: [
      ['0', '20'],
      ['-1', '21'],
    ],
    KmsDataKeyReusePeriodSeconds: [
      ['60', '86400'],
      ['59', '86401'],
    ],
    SqsManagedSseEnabled: [
      ['true', 'false'],
      ['yes', ''],
    ],
    Policy: [
      ['{}', ''],
      ['[]', 'x'],
    ],
    KmsMasterKeyId: [['anything', ''], []],
    RedrivePolicy: [
      [],
      [
        '{}',
        'x',
        JSON.stringify({ deadLetterTargetArn: arnOf('dead') }),
        JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 0 }),
        JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1001 }),
        JSON.stringify({ deadLetterTargetArn: arnOf('nothing'), maxReceiveCount: 1 }),
        JSON.stringify({ deadLetterTargetArn: 'dead', maxReceiveCount: 1 }),
      ],
    ],
    RedriveAllowPolicy: [
      [
        '{"redrivePermission":"allowAll"}',
        JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns: [arnOf('other')] }),
        '{"redrivePermission":"denyAll"}',
      ],
      [
        '{}',
        '{"redrivePermission":"some"}',
        '{"redrivePermission":"byQueue"}',
        '{"redrivePermission":"byQueue","sourceQueueArns":[]}',
        '{"redrivePermission":"denyAll","sourceQueueArns":["x"]}',
      ],
    ],
  };
  for (const [name, [good, bad]] of Object.entries(limits)) {
    for (const value of good) await set(`${name} may be ${JSON.stringify(value)}`, { [name]: value });
    for (const value of bad) await set(`${name} may not be ${JSON.stringify(value)}`, { [name]: value });
  }
  await get('all, at the end', 'All');
  await expect(transcript.text).toMatchFileSnapshot(recorded('queue-attributes'));
});

test('tags', async () => {
  const { transcript, call, quietly } = start('TagQueue, UntagQueue and ListQueueTags');
  const QueueUrl = urlOf('readings');
  await quietly('CreateQueue', { QueueName: 'readings' });
  const list = (title: string) => call(title, 'ListQueueTags', { QueueUrl });
  const tag = (title: string, Tags: unknown) => call(title, 'TagQueue', { QueueUrl, Tags });
  await list('none');
  await tag('two', { a: '1', b: '' });
  await tag('one anew, one more', { b: '2', c: '3' });
  await list('all');
  await call('one is taken away, one was not there', 'UntagQueue', { QueueUrl, TagKeys: ['a', 'x'] });
  await list('what is left');
  await tag('no tags', {});
  await call('nothing is given', 'TagQueue', { QueueUrl });
  await call('nothing is taken away', 'UntagQueue', { QueueUrl });
  await tag('a number', { a: 1 });
  await tag('a list', []);
  await tag('an empty key', { '': 'x' });
  await tag('a key of 129 letters', { ['k'.repeat(129)]: 'x' });
  await tag('a value of 257 letters', { a: 'v'.repeat(257) });
  await tag('51 tags', Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`t${n}`, ''])));
  await call('keys that are no list', 'UntagQueue', { QueueUrl, TagKeys: 'b' });
  for (const action of ['TagQueue', 'UntagQueue', 'ListQueueTags']) {
    await call(`${action} of a queue that is not there`, action, { QueueUrl: urlOf('nothing') });
    await call(`${action} of none`, action, {});
  }
  await list('nothing has changed');
  await expect(transcript.text).toMatchFileSnapshot(recorded('tags'));
});
