/** SendMessage, ReceiveMessage and their batches: what is sent comes back, as it was asked for. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { callSqs, requestSqs, urlOf } from '../../test/support/sqs-caller.js';
import { HELD_CLOCK } from '../../test/support/test-clock.js';
import { LongPolls } from '../long-polls.js';
import { md5, md5OfAttributes } from '../protocol/message-attributes.js';
import { createQueueServer, type QueueServer } from '../sqs-server.js';

const NOW = 1_750_000_000_000;
const QueueUrl = urlOf('q');
let server: QueueServer;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: NOW });
  server = createQueueServer({ path: ':memory:', clock: HELD_CLOCK });
  await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '30', DelaySeconds: '0' } });
});

afterEach(() => {
  server.close();
  vi.useRealTimers();
});

const call = (action: string, input: object = {}) => callSqs(server, action, input);
const send = (MessageBody: string, more: object = {}) => call('SendMessage', { QueueUrl, MessageBody, ...more });
/** Receives without hiding: a moment later the message is visible again. */
async function look(more: object = {}) {
  const { Messages = [] } = await call('ReceiveMessage', {
    ...{ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, ...more },
  });
  vi.setSystemTime(Date.now() + 20);
  return Messages;
}
const text = (StringValue: string) => ({ DataType: 'String', StringValue });
const state = () => server.stats().queues[0];

test('a message comes back with its id and the digest of its body, and nothing that was not asked for', async () => {
  const sent = await send('🚀');
  expect(sent).toEqual({ MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/), MD5OfMessageBody: md5('🚀') });
  expect(await look()).toEqual([
    { MessageId: sent.MessageId, ReceiptHandle: expect.any(String), MD5OfBody: md5('🚀'), Body: '🚀' },
  ]);
});

test('bodies come back exactly, emoji and escapes included', async () => {
  const bodies = ['👩‍👩‍👧‍👦 ünïcödé \t\r\n "quotes" \\ </xml>', '\ufffd\ue000', '{"icon_name":"🌡️"}'];
  await call('SendMessageBatch', { QueueUrl, Entries: bodies.map((MessageBody, i) => ({ Id: `${i}`, MessageBody })) });
  expect((await look()).map(({ Body }: { Body: string }) => Body)).toEqual(bodies);
});

test('system attributes: all, one, or one that the message does not have', async () => {
  await send('x', { MessageSystemAttributes: { AWSTraceHeader: text('Root=1-2-3') }, MessageGroupId: 'g' });
  const [all] = await look({ MessageSystemAttributeNames: ['All'] });
  expect(all.Attributes).toEqual({
    ...{ SenderId: '000000000000', SentTimestamp: `${NOW}`, ApproximateReceiveCount: '1' },
    ...{ ApproximateFirstReceiveTimestamp: `${NOW}`, MessageGroupId: 'g', AWSTraceHeader: 'Root=1-2-3' },
  });
  const [one] = await look({ AttributeNames: ['ApproximateReceiveCount'], MessageSystemAttributeNames: ['SenderId'] });
  expect(one.Attributes).toEqual({ ApproximateReceiveCount: '2', SenderId: '000000000000' });
  const [again] = await look({ AttributeNames: ['ApproximateFirstReceiveTimestamp'] });
  expect(again.Attributes).toEqual({ ApproximateFirstReceiveTimestamp: `${NOW}` });
  const [none] = await look({ AttributeNames: ['SequenceNumber', 'MessageDeduplicationId'] });
  expect(none).not.toHaveProperty('Attributes');
});

test('a message without group and trace has neither', async () => {
  await send('x');
  const [message] = await look({ AttributeNames: ['All'] });
  expect(Object.keys(message.Attributes)).not.toEqual(expect.arrayContaining(['MessageGroupId']));
  expect(Object.keys(message.Attributes)).not.toEqual(expect.arrayContaining(['AWSTraceHeader']));
});

test('message attributes: those that are asked for, by name, by prefix or all, with their digest', async () => {
  const MessageAttributes = {
    'a.one': text('ö'),
    'a.two': { DataType: 'Number.int', StringValue: '42' },
    b: { DataType: 'Binary', BinaryValue: 'AP8H' },
  };
  const sent = await send('x', { MessageAttributes });
  expect(sent.MD5OfMessageAttributes).toBe(md5OfAttributes(MessageAttributes));
  const get = async (...MessageAttributeNames: string[]) => (await look({ MessageAttributeNames }))[0];
  for (const names of [[], ['c'], ['a'], ['c.*']]) {
    const message = await get(...names);
    expect(message).not.toHaveProperty('MessageAttributes');
    expect(message).not.toHaveProperty('MD5OfMessageAttributes');
  }
  const { b, ...prefixed } = MessageAttributes;
  expect(await get('a.*')).toMatchObject({
    ...{ MessageAttributes: prefixed, MD5OfMessageAttributes: md5OfAttributes(prefixed) },
  });
  expect((await get('a.*')).MessageAttributes).not.toHaveProperty('b');
  expect(await get('b', 'c')).toMatchObject({
    ...{ MessageAttributes: { b }, MD5OfMessageAttributes: md5OfAttributes({ b }) },
  });
  // A prefix ends where it says, not at a dot.
  expect((await get('a.tw.*')).MessageAttributes).toEqual({ 'a.two': MessageAttributes['a.two'] });
  for (const name of ['All', '.*', '*']) {
    expect(await get('b', name)).toMatchObject({
      ...{ MessageAttributes, MD5OfMessageAttributes: sent.MD5OfMessageAttributes },
    });
  }
});

test('the trace header comes as a system attribute, or else from the request', async () => {
  const header = 'Root=1-3152b799-8954dae64eda91bc9a23a7e8;Sampled=1';
  const traced = (action: string, input: object) =>
    requestSqs(server, action, { QueueUrl, ...input }, { 'X-Amzn-Trace-Id': header });
  await traced('SendMessage', { MessageBody: 'a' });
  const own = { MessageSystemAttributes: { AWSTraceHeader: text('own') } };
  await traced('SendMessageBatch', { Entries: [{ Id: '1', MessageBody: 'b', ...own }] });
  await send('c');
  const messages = await look({ MessageSystemAttributeNames: ['AWSTraceHeader'] });
  expect(messages.map(({ Attributes }: { Attributes?: object }) => Attributes)).toEqual([
    { AWSTraceHeader: header },
    { AWSTraceHeader: 'own' },
    undefined,
  ]);
});

test('system attributes have their own digest', async () => {
  const AWSTraceHeader = text('Root=1-2-3');
  const sent = await send('x', { MessageSystemAttributes: { AWSTraceHeader } });
  expect(sent.MD5OfMessageSystemAttributes).toBe(md5OfAttributes({ AWSTraceHeader }));
  expect(sent).not.toHaveProperty('MD5OfMessageAttributes');
  const batch = { Entries: [{ Id: 'a', MessageBody: 'x', MessageSystemAttributes: { AWSTraceHeader } }] };
  const { Successful } = await call('SendMessageBatch', { QueueUrl, ...batch });
  expect(Successful[0].MD5OfMessageSystemAttributes).toBe(sent.MD5OfMessageSystemAttributes);
  for (const refused of [
    { SenderId: text('x') },
    { AWSTraceHeader: text('') },
    { AWSTraceHeader: { DataType: 'Number', StringValue: '1' } },
  ]) {
    expect((await send('x', { MessageSystemAttributes: refused })).__type).toContain('InvalidParameterValue');
  }
});

test('a batch answers only what there is: no empty list of failures, nor of successes', async () => {
  const Entries = (MessageBody: string) => ({ QueueUrl, Entries: [{ Id: 'a', MessageBody }] });
  expect(Object.keys(await call('SendMessageBatch', Entries('x')))).toEqual(['Successful']);
  expect(Object.keys(await call('SendMessageBatch', Entries('\u0000')))).toEqual(['Failed']);
});

test('an empty batch is told which entries are missing', async () => {
  for (const action of ['SendMessage', 'DeleteMessage', 'ChangeMessageVisibility']) {
    const { message } = await call(`${action}Batch`, { QueueUrl, Entries: [] });
    expect(message).toBe(`There should be at least one ${action}BatchRequestEntry in the request.`);
  }
});

test('refusals are worded as those of Amazon SQS', async () => {
  const refusals = [
    await send('\u0007'),
    await send('x', { DelaySeconds: 901 }),
    await send('x', { MessageGroupId: '' }),
    await call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 21 }),
    await call('CreateQueue', { QueueName: 'a b' }),
  ];
  expect(refusals.map(({ message }) => message)).toEqual([
    "Invalid binary character '#x7' was found in the message body, the set of allowed characters is " +
      '#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].',
    'Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.',
    'Value  for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and ' +
      'punctuation characters. 1 to 128 in length.',
    'Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
    'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  ]);
});

test('a message that is visible again can be hidden again with its receipt', async () => {
  await send('x');
  const { Messages } = await call('ReceiveMessage', { QueueUrl });
  const { ReceiptHandle } = Messages[0];
  vi.setSystemTime(NOW + 30_000);
  expect(state()).toMatchObject({ visible: 1, inFlight: 0 });
  expect(await call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 60 })).toEqual({});
  expect(state()).toMatchObject({ visible: 0, inFlight: 1 });
  vi.setSystemTime(NOW + 89_999);
  expect(await call('ReceiveMessage', { QueueUrl })).toEqual({});
  vi.setSystemTime(NOW + 90_020);
  expect((await call('ReceiveMessage', { QueueUrl })).Messages).toHaveLength(1);
});

test('a message attribute may have any name', async () => {
  const names = ['__proto__', 'constructor', 'toString'];
  const MessageAttributes = Object.fromEntries(names.map((name) => [name, text(name)]));
  const sent = await send('x', { MessageAttributes });
  expect(sent.MD5OfMessageAttributes).toBe(md5OfAttributes(MessageAttributes));
  const [message] = await look({ MessageAttributeNames: ['__proto__'] });
  expect(Object.entries(message.MessageAttributes)).toEqual([['__proto__', text('__proto__')]]);
});

test('the visibility timeout is that of the request, else that of the queue', async () => {
  await send('x');
  expect(await call('ReceiveMessage', { QueueUrl, VisibilityTimeout: 5 })).toHaveProperty('Messages');
  vi.setSystemTime(NOW + 4_999);
  expect(await call('ReceiveMessage', { QueueUrl })).toEqual({});
  vi.setSystemTime(NOW + 5_000);
  expect(await call('ReceiveMessage', { QueueUrl })).toHaveProperty('Messages');
  vi.setSystemTime(NOW + 34_999);
  expect(await call('ReceiveMessage', { QueueUrl })).toEqual({});
  vi.setSystemTime(NOW + 35_000);
  expect(await call('ReceiveMessage', { QueueUrl })).toHaveProperty('Messages');
});

test('a receiver gets one message unless it asks for more, and at most ten', async () => {
  const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: `${i}`, MessageBody: `${i}` }));
  await call('SendMessageBatch', { QueueUrl, Entries });
  await send('10');
  expect((await call('ReceiveMessage', { QueueUrl })).Messages).toHaveLength(1);
  expect((await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 })).Messages).toHaveLength(10);
});

test('a receiver waits as long as it says, else as long as the queue says', async () => {
  const wait = vi.spyOn(LongPolls.prototype, 'wait').mockResolvedValue([]);
  try {
    const receive = (more: object) => call('ReceiveMessage', { QueueUrl, ...more });
    expect(await receive({ WaitTimeSeconds: 2, MaxNumberOfMessages: 3, VisibilityTimeout: 4 })).toEqual({});
    await receive({});
    await call('SetQueueAttributes', { QueueUrl, Attributes: { ReceiveMessageWaitTimeSeconds: '5' } });
    await receive({ WaitTimeSeconds: 0 });
    await receive({});
    expect(wait.mock.calls.map(([max, visibilityMs, waitMs]) => [max, visibilityMs, waitMs])).toEqual([
      [3, 4_000, 2_000],
      [1, 30_000, 5_000],
    ]);
    await send('x');
    expect((await receive({})).Messages).toHaveLength(1);
    expect(wait).toHaveBeenCalledTimes(2);
  } finally {
    wait.mockRestore();
  }
});

test('a delay is that of the message, else that of the queue', async () => {
  await call('SetQueueAttributes', { QueueUrl, Attributes: { DelaySeconds: '10' } });
  await send('queue');
  await send('own', { DelaySeconds: 5 });
  await send('none', { DelaySeconds: 0 });
  const bodies = async () => (await look()).map(({ Body }: { Body: string }) => Body);
  expect(await bodies()).toEqual(['none']);
  expect(state()).toMatchObject({ visible: 1, inFlight: 0, delayed: 2 });
  vi.setSystemTime(NOW + 4_999);
  expect(await bodies()).toEqual(['none']);
  vi.setSystemTime(NOW + 5_100);
  expect((await bodies()).sort()).toEqual(['none', 'own']);
  vi.setSystemTime(NOW + 10_000);
  expect((await bodies()).sort()).toEqual(['none', 'own', 'queue']);
});

test('a message that is past its retention is not delivered', async () => {
  await call('SetQueueAttributes', { QueueUrl, Attributes: { MessageRetentionPeriod: '60' } });
  await send('x');
  vi.setSystemTime(NOW + 60_000);
  expect(await look()).toHaveLength(1);
  vi.setSystemTime(NOW + 60_101);
  expect(await look()).toEqual([]);
  expect(state()).toMatchObject({ visible: 0, inFlight: 0 });
});

test('a batch keeps the good entries and answers each by its id', async () => {
  const answer = await call('SendMessageBatch', {
    QueueUrl,
    Entries: [
      { Id: 'good', MessageBody: 'x', MessageAttributes: { a: text('1') } },
      { Id: 'bad', MessageBody: 'a\u0000b' },
      { Id: 'deduplicated', MessageBody: 'x', MessageDeduplicationId: 'd' },
    ],
  });
  expect(answer).toEqual({
    Successful: [
      {
        ...{ Id: 'good', MessageId: expect.any(String), MD5OfMessageBody: md5('x') },
        MD5OfMessageAttributes: md5OfAttributes({ a: text('1') }),
      },
    ],
    Failed: [
      { Id: 'bad', Code: 'InvalidMessageContents', Message: expect.stringContaining('body'), SenderFault: true },
      {
        ...{ Id: 'deduplicated', Code: 'InvalidParameterValue', SenderFault: true },
        Message: expect.stringMatching(/Value d for parameter MessageDeduplicationId.*queue type/),
      },
    ],
  });
  expect(await look()).toHaveLength(1);
});

test('a batch in which nothing is good writes nothing', async () => {
  const { commits } = server.stats();
  await call('SendMessageBatch', { QueueUrl, Entries: [{ Id: 'a', MessageBody: '' }] });
  expect(server.stats().commits).toBe(commits);
});

test('a batch of a mebibyte is taken, with one byte more it is not', async () => {
  const sendBatch = (...sizes: number[]) =>
    call('SendMessageBatch', {
      QueueUrl,
      Entries: sizes.map((size, i) => ({ Id: `${i}`, MessageBody: 'x'.repeat(size) })),
    });
  expect((await sendBatch(524_288, 524_288)).Successful).toHaveLength(2);
  expect((await sendBatch(524_288, 524_289)).__type).toContain('BatchRequestTooLong');
  expect((await sendBatch(1_048_577)).__type).toContain('BatchRequestTooLong');
  expect(state()?.visible).toBe(2);
});

test('a batch has one to ten entries, with distinct ids of up to 80 characters', async () => {
  const sendBatch = async (...ids: string[]) =>
    (await call('SendMessageBatch', { QueueUrl, Entries: ids.map((Id) => ({ Id, MessageBody: 'x' })) })).__type;
  expect(await sendBatch(...'abcdefghij')).toBeUndefined();
  expect(await sendBatch(...'abcdefghijk')).toContain('TooManyEntriesInBatchRequest');
  expect(await sendBatch()).toContain('EmptyBatchRequest');
  expect(await sendBatch('i'.repeat(80), 'aZ09-_')).toBeUndefined();
  expect(await sendBatch('i'.repeat(81))).toContain('InvalidBatchEntryId');
  expect(await sendBatch('a', 'b', 'a')).toContain('BatchEntryIdsNotDistinct');
  expect((await call('SendMessageBatch', { QueueUrl })).__type).toContain('EmptyBatchRequest');
  expect((await call('SendMessageBatch', { QueueUrl, Entries: ['a'] })).__type).toContain('SerializationException');
});

test('a batch changes the visibility of some messages, and deletes others', async () => {
  await send('a');
  await send('b');
  const { Messages } = await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  const [a, b] = Messages.map(({ ReceiptHandle }: { ReceiptHandle: string }) => ReceiptHandle);
  const Entries = [
    { Id: 'a', ReceiptHandle: a, VisibilityTimeout: 60 },
    { Id: 'bad', ReceiptHandle: 'x', VisibilityTimeout: 60 },
    { Id: 'missing', ReceiptHandle: b },
  ];
  expect(await call('ChangeMessageVisibilityBatch', { QueueUrl, Entries })).toEqual({
    Successful: [{ Id: 'a' }],
    Failed: [
      expect.objectContaining({ Id: 'bad' }),
      expect.objectContaining({ Id: 'missing', Code: 'MissingParameter' }),
    ],
  });
  vi.setSystemTime(NOW + 30_000);
  expect((await look()).map(({ Body }: { Body: string }) => Body)).toEqual(['b']);
  const deleted = [
    { Id: 'b', ReceiptHandle: b },
    { Id: 'again', ReceiptHandle: b },
    { Id: 'bad', ReceiptHandle: 'x' },
  ];
  expect(await call('DeleteMessageBatch', { QueueUrl, Entries: deleted })).toEqual({
    Successful: [{ Id: 'b' }, { Id: 'again' }],
    Failed: [expect.objectContaining({ Id: 'bad', Code: 'ReceiptHandleIsInvalid' })],
  });
  expect(state()).toMatchObject({ visible: 0, inFlight: 1 });
});
