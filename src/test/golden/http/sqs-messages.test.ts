/** The SQS server: the actions on messages, dead letters and the tasks that move them back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSqlite } from '../../../lib/sqlite/driver.js';
import { arnOf, NOW, type SqsOfTest, sqsOfTest, urlOf } from './sqs-support.js';

const recorded = (name: string) => `../recorded/http/sqs/${name}.http`;
const QueueUrl = urlOf('readings');

const running: SqsOfTest[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  for (const { server } of running.splice(0)) server.close();
  vi.useRealTimers();
});

/** A server with a queue `readings`. */
async function start(title: string, Attributes: Record<string, string> = {}): Promise<SqsOfTest> {
  const world = sqsOfTest(title);
  running.push(world);
  await world.quietly('CreateQueue', { QueueName: 'readings', Attributes });
  return world;
}

const text = (StringValue: unknown, DataType = 'String') => ({ DataType, StringValue });

test('SendMessage', async () => {
  const { transcript, call, quietly } = await start('SendMessage');
  const send = (title: string, input: object) => call(title, 'SendMessage', { QueueUrl, ...input });
  await send('a body', { MessageBody: '{"sequence":1}' });
  await send('emoji and escapes', { MessageBody: '🚀 "quoted" \\ \t\r\n </xml>' });
  await send('attributes of every type', {
    MessageBody: 'x',
    MessageAttributes: {
      sensor_config: text('v=0;src=ddddd;file=none;interval=5000;paused=0'),
      'a.number': text('42', 'Number.int'),
      bytes: { DataType: 'Binary', BinaryValue: 'AP8H' },
      none: text('ignored members', 'String.x'),
    },
  });
  await send('no attributes', { MessageBody: 'x', MessageAttributes: {} });
  await send('a delay', { MessageBody: 'x', DelaySeconds: 900 });
  await send('a trace', {
    MessageBody: 'x',
    MessageSystemAttributes: { AWSTraceHeader: text('Root=1-2-3') },
  });
  await send('a group asks for fair delivery', { MessageBody: 'x', MessageGroupId: 'g' });
  await send('as long as one may be', { MessageBody: 'x'.repeat(1_048_576) });
  await send('too long', { MessageBody: 'x'.repeat(1_048_577) });
  await send('too long with its attributes', {
    MessageBody: 'x'.repeat(1_048_576),
    MessageAttributes: { a: text('b') },
  });
  await quietly('CreateQueue', { QueueName: 'small', Attributes: { MaximumMessageSize: '1024' } });
  await send('too long for its queue', { QueueUrl: urlOf('small'), MessageBody: 'ü'.repeat(513) });
  await send('no queue', { QueueUrl: undefined, MessageBody: 'x' });
  await send('a queue that is not there', { QueueUrl: urlOf('nothing'), MessageBody: 'x' });
  await send('a queue of another account', { QueueUrl: 'http://h/111111111111/readings', MessageBody: 'x' });
  await send('a queue that is no text', { QueueUrl: 5, MessageBody: 'x' });
  await send('no body', {});
  await send('null for a body', { MessageBody: null });
  await send('an empty body', { MessageBody: '' });
  await send('a number', { MessageBody: 5 });
  await send('a character that XML does not allow', { MessageBody: 'a\u0000' });
  await send('half a pair', { MessageBody: 'a\ud800' });
  await send('no character', { MessageBody: '\uffff' });
  await send('a delay of more than 15 minutes', { MessageBody: 'x', DelaySeconds: 901 });
  await send('a delay below 0', { MessageBody: 'x', DelaySeconds: -1 });
  await send('half a second', { MessageBody: 'x', DelaySeconds: 0.5 });
  await send('a delay in text', { MessageBody: 'x', DelaySeconds: '5' });
  await send('a deduplication id', { MessageBody: 'x', MessageDeduplicationId: 'd' });
  await send('a group with a blank', { MessageBody: 'x', MessageGroupId: 'a b' });
  await send('another system attribute', { MessageBody: 'x', MessageSystemAttributes: { Colour: text('red') } });
  const attributes = (title: string, MessageAttributes: unknown) =>
    send(`attributes: ${title}`, { MessageBody: 'x', MessageAttributes });
  await attributes('a list', []);
  await attributes('no structure', { a: 'b' });
  await attributes('no name', { '': text('x') });
  await attributes('a reserved name', { 'AWS.x': text('x') });
  await attributes('dots in a row', { 'a..b': text('x') });
  await attributes('a blank in its name', { 'a b': text('x') });
  await attributes('a name of 257 letters', { ['n'.repeat(257)]: text('x') });
  await attributes('no type', { a: { StringValue: 'x' } });
  await attributes('another type', { a: text('x', 'Text') });
  await attributes('an empty value', { a: text('') });
  await attributes('no value', { a: { DataType: 'String' } });
  await attributes('a value that is no text', { a: text(5) });
  await attributes('the value of another type', { a: { DataType: 'Binary', StringValue: 'x' } });
  await attributes('no number', { a: text('ten', 'Number') });
  await attributes('a number that is too large', { a: text('1e127', 'Number') });
  await attributes('a number of 39 digits', { a: text('1'.repeat(39), 'Number') });
  await attributes('a character that is not allowed', { a: text('\u0001') });
  const eleven = Array.from({ length: 11 }, (_, n) => [`a${n}`, text('x')]);
  await attributes('eleven of them', Object.fromEntries(eleven));
  await expect(transcript.text).toMatchFileSnapshot(recorded('send-message'));
});

test('SendMessageBatch', async () => {
  const { transcript, call, quietly } = await start('SendMessageBatch');
  const send = (title: string, Entries: unknown) => call(title, 'SendMessageBatch', { QueueUrl, Entries });
  const entry = (Id: unknown, over: object = {}) => ({ Id, MessageBody: 'x', ...over });
  await send('two', [
    entry('a'),
    entry('b', { MessageBody: 'y', MessageAttributes: { a: text('1') }, DelaySeconds: 1 }),
  ]);
  await send(
    'ten',
    Array.from({ length: 10 }, (_, n) => entry(`m${n}`)),
  );
  await send('good and bad ones', [
    entry('good'),
    entry('control', { MessageBody: 'a\u0000' }),
    entry('empty', { MessageBody: '' }),
    entry('missing', { MessageBody: undefined }),
    entry('number', { MessageBody: 5 }),
    entry('late', { DelaySeconds: 901 }),
    entry('deduplicated', { MessageDeduplicationId: 'd' }),
    entry('attribute', { MessageAttributes: { 'AWS.x': text('x') } }),
  ]);
  await send('only bad ones', [entry('a', { MessageBody: '' })]);
  await send('none', []);
  await call('nothing', 'SendMessageBatch', { QueueUrl });
  await send('no list', {});
  await send(
    'eleven',
    Array.from({ length: 11 }, (_, n) => entry(`m${n}`)),
  );
  await send('no structure', ['a']);
  await send('no id', [{ MessageBody: 'x' }]);
  await send('an id that is no text', [entry(5)]);
  await send('an id with a blank', [entry('a b')]);
  await send('an empty id', [entry('')]);
  await send('an id of 81 letters', [entry('i'.repeat(81))]);
  await send('an id twice', [entry('a'), entry('b'), entry('a')]);
  const half = 'x'.repeat(524_288);
  await send('as long as a batch may be', [entry('a', { MessageBody: half }), entry('b', { MessageBody: half })]);
  await send('too long', [entry('a', { MessageBody: half }), entry('b', { MessageBody: `${half}x` })]);
  await send('one that is too long by itself', [entry('a', { MessageBody: 'x'.repeat(1_048_577) })]);
  await quietly('CreateQueue', { QueueName: 'small', Attributes: { MaximumMessageSize: '1024' } });
  await call('too long for its queue', 'SendMessageBatch', {
    QueueUrl: urlOf('small'),
    Entries: [entry('a'), entry('b', { MessageBody: 'x'.repeat(1025) })],
  });
  await call('a queue that is not there', 'SendMessageBatch', { QueueUrl: urlOf('nothing'), Entries: [entry('a')] });
  await call('no queue', 'SendMessageBatch', { Entries: [entry('a')] });
  await expect(transcript.text).toMatchFileSnapshot(recorded('send-message-batch'));
});

test('ReceiveMessage', async () => {
  const { transcript, call, quietly, server } = await start('ReceiveMessage');
  const receive = (title: string, input: object = {}) => call(title, 'ReceiveMessage', { QueueUrl, ...input });
  await receive('an empty queue');
  await quietly('SendMessage', {
    QueueUrl,
    MessageBody: '{"icon":"🚀"}',
    MessageAttributes: {
      'a.one': text('1'),
      'a.two': text('42', 'Number'),
      b: { DataType: 'Binary', BinaryValue: 'AP8H' },
    },
    MessageSystemAttributes: { AWSTraceHeader: text('Root=1-2-3') },
    MessageGroupId: 'g',
  });
  const visible = { VisibilityTimeout: 0 };
  await receive('a message', visible);
  vi.setSystemTime(NOW + 10);
  await receive('its attributes of the system', { ...visible, MessageSystemAttributeNames: ['All'] });
  vi.setSystemTime(NOW + 20);
  await receive('one of them', { ...visible, AttributeNames: ['SentTimestamp'] });
  vi.setSystemTime(NOW + 30);
  await receive('one that it does not have', { ...visible, MessageSystemAttributeNames: ['SequenceNumber'] });
  vi.setSystemTime(NOW + 40);
  await receive('its own attributes', { ...visible, MessageAttributeNames: ['All'] });
  vi.setSystemTime(NOW + 50);
  await receive('those that begin like this', { ...visible, MessageAttributeNames: ['a.*'] });
  vi.setSystemTime(NOW + 60);
  await receive('one, and one that it does not have', { ...visible, MessageAttributeNames: ['b', 'c'] });
  vi.setSystemTime(NOW + 70);
  await receive('for 30 s, as the queue says', { MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
  await receive('it is in flight');
  vi.setSystemTime(NOW + 30_069);
  await receive('still');
  vi.setSystemTime(NOW + 30_070);
  await receive('30 s later', { MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
  await quietly('PurgeQueue', { QueueUrl });
  const Entries = Array.from({ length: 12 }, (_, n) => ({ Id: `m${n}`, MessageBody: `${n}` }));
  await quietly('SendMessageBatch', { QueueUrl, Entries: Entries.slice(0, 6) });
  await quietly('SendMessageBatch', { QueueUrl, Entries: Entries.slice(6) });
  await receive('two of twelve, in order', { MaxNumberOfMessages: 2 });
  await receive('the other ten', { MaxNumberOfMessages: 10 });
  await receive('nothing comes within a second', { WaitTimeSeconds: 1 });
  const waiting = receive('one that comes while it waits', { WaitTimeSeconds: 20 });
  while (server.stats().queues[0]?.waiting !== 1) await nextTurn();
  await quietly('SendMessage', { QueueUrl, MessageBody: 'late' });
  await waiting;
  await quietly('SendMessage', { QueueUrl, MessageBody: 'delayed', DelaySeconds: 5 });
  await receive('one that is delayed');
  vi.setSystemTime(NOW + 35_070);
  await receive('5 s later');
  const bad: [string, object][] = [
    ['none', { MaxNumberOfMessages: 0 }],
    ['eleven', { MaxNumberOfMessages: 11 }],
    ['a number in text', { MaxNumberOfMessages: '1' }],
    ['a wait of 21 s', { WaitTimeSeconds: 21 }],
    ['a wait below 0', { WaitTimeSeconds: -1 }],
    ['more than 12 hours', { VisibilityTimeout: 43_201 }],
    ['below 0', { VisibilityTimeout: -1 }],
    ['an attribute that is none', { MessageSystemAttributeNames: ['Colour'] }],
    ['the same by its older name', { AttributeNames: ['Colour'] }],
    ['attributes that are no list', { MessageAttributeNames: 'All' }],
    ['attributes that are no texts', { MessageAttributeNames: [5] }],
    ['a queue that is not there', { QueueUrl: urlOf('nothing') }],
    ['no queue', { QueueUrl: undefined }],
  ];
  for (const [title, input] of bad) await receive(title, input);
  await expect(transcript.text).toMatchFileSnapshot(recorded('receive-message'));
});

test('a queue with settings of its own', async () => {
  const { transcript, call, server, quietly } = await start(
    'Messages of a queue with a delay, a visibility and a retention of its own',
    {
      DelaySeconds: '10',
      VisibilityTimeout: '5',
      MessageRetentionPeriod: '60',
    },
  );
  await call('a message', 'SendMessage', { QueueUrl, MessageBody: 'a' });
  await call('it waits', 'ReceiveMessage', { QueueUrl });
  vi.setSystemTime(NOW + 10_000);
  await call('10 s later', 'ReceiveMessage', { QueueUrl });
  vi.setSystemTime(NOW + 15_000);
  await call('15 s later', 'ReceiveMessage', { QueueUrl });
  await call('without the delay', 'SendMessage', { QueueUrl, MessageBody: 'b', DelaySeconds: 0 });
  vi.setSystemTime(NOW + 60_001);
  await call('the first is past its time', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  await quietly('SetQueueAttributes', { QueueUrl, Attributes: { ReceiveMessageWaitTimeSeconds: '20' } });
  const waiting = call('a queue that lets receivers wait, and is deleted', 'ReceiveMessage', { QueueUrl });
  while (server.stats().queues[0]?.waiting !== 1) await nextTurn();
  await quietly('DeleteQueue', { QueueUrl });
  await waiting;
  await expect(transcript.text).toMatchFileSnapshot(recorded('queue-settings'));
});

test('DeleteMessage and DeleteMessageBatch', async () => {
  const { transcript, call, quietly } = await start('DeleteMessage and DeleteMessageBatch');
  const Entries = Array.from({ length: 6 }, (_, n) => ({ Id: `m${n}`, MessageBody: `${n}` }));
  await quietly('SendMessageBatch', { QueueUrl, Entries });
  const received = await call('six messages', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  const receipts = received.json.Messages.map(({ ReceiptHandle }: { ReceiptHandle: string }) => ReceiptHandle);
  const remove = (title: string, ReceiptHandle: unknown) => call(title, 'DeleteMessage', { QueueUrl, ReceiptHandle });
  await remove('one is deleted', receipts[0]);
  await remove('twice', receipts[0]);
  await call('two, and one once more', 'DeleteMessageBatch', {
    QueueUrl,
    Entries: [1, 2, 0].map((n) => ({ Id: `m${n}`, ReceiptHandle: receipts[n] })),
  });
  await call('good and bad ones', 'DeleteMessageBatch', {
    QueueUrl,
    Entries: [
      { Id: 'good', ReceiptHandle: receipts[3] },
      { Id: 'bad', ReceiptHandle: 'receipt' },
      { Id: 'missing' },
      { Id: 'number', ReceiptHandle: 5 },
    ],
  });
  vi.setSystemTime(NOW + 31_000);
  await call('two have come back', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  await remove('an older receipt will do', receipts[4]);
  await call('one is left', 'GetQueueAttributes', {
    QueueUrl,
    AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
  });
  await remove('no receipt', undefined);
  await remove('an empty one', '');
  await remove('one that is none', 'receipt');
  await remove('a long one that is none', `${'r'.repeat(99)}abcdef`);
  await remove('a number', 5);
  await quietly('CreateQueue', { QueueName: 'other' });
  await call('of another queue', 'DeleteMessage', { QueueUrl: urlOf('other'), ReceiptHandle: receipts[5] });
  await call('a queue that is not there', 'DeleteMessage', { QueueUrl: urlOf('nothing'), ReceiptHandle: receipts[5] });
  await call('no queue', 'DeleteMessage', { ReceiptHandle: receipts[5] });
  await call('a batch of none', 'DeleteMessageBatch', { QueueUrl, Entries: [] });
  await call('a batch with an id twice', 'DeleteMessageBatch', {
    QueueUrl,
    Entries: [5, 5].map((n) => ({ Id: `m${n}`, ReceiptHandle: receipts[n] })),
  });
  await call('a batch of eleven', 'DeleteMessageBatch', {
    QueueUrl,
    Entries: Array.from({ length: 11 }, (_, n) => ({ Id: `m${n}`, ReceiptHandle: 'r' })),
  });
  await call('a batch of no queue', 'DeleteMessageBatch', { Entries: [{ Id: 'a', ReceiptHandle: 'r' }] });
  await expect(transcript.text).toMatchFileSnapshot(recorded('delete-message'));
});

test('ChangeMessageVisibility and ChangeMessageVisibilityBatch', async () => {
  const { transcript, call, quietly } = await start('ChangeMessageVisibility and ChangeMessageVisibilityBatch');
  const Entries = Array.from({ length: 4 }, (_, n) => ({ Id: `m${n}`, MessageBody: `${n}` }));
  await quietly('SendMessageBatch', { QueueUrl, Entries });
  const received = await call('four messages', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  const receipts = received.json.Messages.map(({ ReceiptHandle }: { ReceiptHandle: string }) => ReceiptHandle);
  const change = (title: string, ReceiptHandle: unknown, VisibilityTimeout: unknown) =>
    call(title, 'ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout });
  await change('one comes back at once', receipts[0], 0);
  const again = await call('here it is', 'ReceiveMessage', { QueueUrl });
  await change('the older receipt', receipts[0], 5);
  await change('the newer one', again.json.Messages[0].ReceiptHandle, 43_200);
  await call('several', 'ChangeMessageVisibilityBatch', {
    QueueUrl,
    Entries: [
      { Id: 'a', ReceiptHandle: receipts[1], VisibilityTimeout: 0 },
      { Id: 'b', ReceiptHandle: receipts[2], VisibilityTimeout: 600 },
      { Id: 'none', ReceiptHandle: receipts[3] },
      { Id: 'much', ReceiptHandle: receipts[3], VisibilityTimeout: 43_201 },
      { Id: 'bad', ReceiptHandle: 'receipt', VisibilityTimeout: 0 },
      { Id: 'old', ReceiptHandle: receipts[0], VisibilityTimeout: 0 },
    ],
  });
  await change('one that is not in flight', receipts[1], 5);
  await quietly('DeleteMessage', { QueueUrl, ReceiptHandle: receipts[3] });
  await change('one that was deleted', receipts[3], 5);
  vi.setSystemTime(NOW + 31_000);
  await call('31 s later', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  await change('below 0', receipts[2], -1);
  await change('more than 12 hours', receipts[2], 43_201);
  await change('a number in text', receipts[2], '5');
  await change('no number', receipts[2], undefined);
  await change('no receipt', undefined, 5);
  await change('one that is none', 'receipt', 5);
  await call('a queue that is not there', 'ChangeMessageVisibility', { QueueUrl: urlOf('nothing') });
  await call('no queue', 'ChangeMessageVisibility', {});
  await call('a batch of none', 'ChangeMessageVisibilityBatch', { QueueUrl, Entries: [] });
  await call('a batch of no queue', 'ChangeMessageVisibilityBatch', { Entries: [{ Id: 'a', ReceiptHandle: 'r' }] });
  await expect(transcript.text).toMatchFileSnapshot(recorded('change-visibility'));
});

/** Whoever receives does not wait until a message that was received too often is in the dead-letter queue. */
async function untilWaiting({ server }: SqsOfTest, queue: string, count: number): Promise<void> {
  while (server.stats().queues.find(({ name }) => name === queue)?.visible !== count) await nextTurn();
}

const redriveTo = (name: string, maxReceiveCount = 1) => ({
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf(name), maxReceiveCount }),
});

test('dead letters', async () => {
  const world = await start('Dead letters, and ListDeadLetterSourceQueues');
  const { transcript, call, quietly } = world;
  const dead = urlOf('dead');
  await quietly('CreateQueue', { QueueName: 'dead' });
  await call('a queue with a dead-letter queue', 'SetQueueAttributes', { QueueUrl, Attributes: redriveTo('dead', 2) });
  for (const QueueName of ['c', 'b']) await quietly('CreateQueue', { QueueName, Attributes: redriveTo('dead') });
  const list = (title: string, input: object = {}) =>
    call(title, 'ListDeadLetterSourceQueues', { QueueUrl: dead, ...input });
  await list('its sources');
  const page = await list('two of them', { MaxResults: 2 });
  await list('the others', { MaxResults: 2, NextToken: page.json.NextToken });
  await list('none', { QueueUrl });
  await list('too many at once', { MaxResults: 1001 });
  await list('a token without a number', { NextToken: page.json.NextToken });
  await list('of a queue that is not there', { QueueUrl: urlOf('nothing') });
  await list('of no queue', { QueueUrl: undefined });
  await quietly('SendMessage', { QueueUrl, MessageBody: 'poison', MessageAttributes: { a: text('1') } });
  await call('the first time', 'ReceiveMessage', { QueueUrl });
  vi.setSystemTime(NOW + 30_000);
  await call('the second time', 'ReceiveMessage', { QueueUrl });
  vi.setSystemTime(NOW + 60_000);
  await call('the third time', 'ReceiveMessage', { QueueUrl });
  await untilWaiting(world, 'dead', 1);
  await call('it is among the dead letters', 'ReceiveMessage', {
    QueueUrl: dead,
    MessageSystemAttributeNames: ['All'],
    MessageAttributeNames: ['All'],
  });
  await call('the queue is empty', 'GetQueueAttributes', {
    QueueUrl,
    AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
  });
  await expect(transcript.text).toMatchFileSnapshot(recorded('dead-letters'));
});

test('tasks that move messages', async () => {
  const world = await start('StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask');
  const { transcript, call, quietly, untilAnswer } = world;
  const dead = urlOf('dead');
  const SourceArn = arnOf('dead');
  for (const QueueName of ['dead', 'other']) await quietly('CreateQueue', { QueueName });
  const begin = (title: string, input: object) => call(title, 'StartMessageMoveTask', input);
  const list = (title: string, input: object = { SourceArn }) => call(title, 'ListMessageMoveTasks', input);
  /** A task ends some ticks after it was begun. */
  const ended = () =>
    untilAnswer('ListMessageMoveTasks', { SourceArn }, ({ Results }) => Results[0].Status !== 'RUNNING');
  /** A slow task moves one message soon, and the next one after a second. */
  const movedOne = () =>
    untilAnswer(
      'ListMessageMoveTasks',
      { SourceArn },
      ({ Results }) => Results[0].ApproximateNumberOfMessagesMoved === 1,
    );
  await begin('of a queue that holds no dead letters', { SourceArn });
  await quietly('SetQueueAttributes', { QueueUrl, Attributes: redriveTo('dead') });
  await list('no tasks');
  /** A message that `readings` has given up. */
  const giveUp = async (MessageBody: string) => {
    await quietly('SendMessage', { QueueUrl, MessageBody });
    await quietly('ReceiveMessage', { QueueUrl, VisibilityTimeout: 0 });
    vi.setSystemTime(Date.now() + 10);
    await quietly('ReceiveMessage', { QueueUrl });
    await untilWaiting(world, 'dead', 1);
  };
  await giveUp('one');
  await begin('back to where they came from', { SourceArn });
  await ended();
  await list('it is done');
  await call('the message is back, as a new one', 'ReceiveMessage', {
    QueueUrl,
    MessageSystemAttributeNames: ['All'],
  });
  await quietly('PurgeQueue', { QueueUrl });
  await giveUp('two');
  await begin('to another queue, at a speed', {
    SourceArn,
    DestinationArn: arnOf('other'),
    MaxNumberOfMessagesPerSecond: 500,
  });
  await ended();
  await list('two tasks, the newest first', { SourceArn, MaxResults: 10 });
  await quietly('SendMessage', { QueueUrl: dead, MessageBody: 'sent to it directly' });
  await begin('a message that came from nowhere', { SourceArn });
  await ended();
  await list('it failed');
  for (let n = 0; n < 5; n++) await quietly('SendMessage', { QueueUrl: dead, MessageBody: `${n}` });
  const slow = await begin('a slow one', {
    SourceArn,
    DestinationArn: arnOf('other'),
    MaxNumberOfMessagesPerSecond: 1,
  });
  await begin('a second at the same time', { SourceArn });
  await movedOne();
  await list('it runs');
  const { TaskHandle } = slow.json;
  await call('it is cancelled', 'CancelMessageMoveTask', { TaskHandle });
  await call('twice', 'CancelMessageMoveTask', { TaskHandle });
  await list('it shows');
  await begin('one more', { SourceArn, DestinationArn: arnOf('other'), MaxNumberOfMessagesPerSecond: 1 });
  await movedOne();
  await quietly('DeleteQueue', { QueueUrl: urlOf('other') });
  await list('its destination was deleted');
  const bad: [string, object][] = [
    ['no source', {}],
    ['a source that is no ARN', { SourceArn: 'dead' }],
    ['a source that is not there', { SourceArn: arnOf('nothing') }],
    ['a source of another region', { SourceArn: 'arn:aws:sqs:eu-central-1:000000000000:dead' }],
    ['a destination that is no ARN', { SourceArn, DestinationArn: 'other' }],
    ['a destination that is not there', { SourceArn, DestinationArn: arnOf('nothing') }],
    ['the source as destination', { SourceArn, DestinationArn: SourceArn }],
    ['too slow', { SourceArn, MaxNumberOfMessagesPerSecond: 0 }],
    ['too fast', { SourceArn, MaxNumberOfMessagesPerSecond: 501 }],
  ];
  for (const [title, input] of bad) await begin(title, input);
  await list('of no source', {});
  await list('of a source that is no ARN', { SourceArn: 'dead' });
  await list('of a source that is not there', { SourceArn: arnOf('nothing') });
  await list('too many at once', { SourceArn, MaxResults: 11 });
  await call('no task is named', 'CancelMessageMoveTask', {});
  await call('a task that is not there', 'CancelMessageMoveTask', { TaskHandle: 'nothing' });
  await expect(transcript.text).toMatchFileSnapshot(recorded('move-tasks'));
});

test('a store that can not be written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'));
  const path = join(folder, 'queue.db');
  const before = sqsOfTest('', { path });
  await before.quietly('CreateQueue', { QueueName: 'readings' });
  before.server.close();
  const database = openSqlite(path);
  database.exec(`CREATE TRIGGER full BEFORE INSERT ON messages_1 BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`);
  database.close();
  const world = sqsOfTest('The SQS server, whose store can not be written', { path });
  running.push(world);
  const { transcript, call } = world;
  await call('a message', 'SendMessage', { QueueUrl, MessageBody: 'x' });
  await call('a batch fails as a whole', 'SendMessageBatch', {
    QueueUrl,
    Entries: [
      { Id: 'a', MessageBody: 'x' },
      { Id: 'b', MessageBody: '' },
    ],
  });
  await call('what need not be written works', 'ReceiveMessage', { QueueUrl });
  await transcript.call('it is as ready as before', 'GET', '/ready');
  world.server.close();
  rmSync(folder, { recursive: true, force: true });
  await expect(transcript.text).toMatchFileSnapshot(recorded('internal-failure'));
});
