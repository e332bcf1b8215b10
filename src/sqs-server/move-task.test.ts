import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { arnOf, callSqs, urlOf } from '../test/support/sqs-caller.js';
import { HELD_CLOCK } from '../test/support/test-clock.js';
import { createQueueServer, type QueueServer } from './sqs-server.js';

let server: QueueServer;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: 1_750_000_000_000 });
  server = createQueueServer({ path: ':memory:', clock: HELD_CLOCK });
  await call('CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1 });
  await call('CreateQueue', { QueueName: 'main', Attributes: { RedrivePolicy, VisibilityTimeout: '10' } });
  await call('CreateQueue', { QueueName: 'other' });
});

afterEach(() => {
  server.close();
  vi.useRealTimers();
});

const call = (action: string, input: object = {}) => callSqs(server, action, input);
const counts = (of: string) => server.stats().queues.find(({ name }) => name === of)!;

/** Waits for a commit, which takes a turn of the event loop but no time. */
async function visible(of: string, count: number): Promise<void> {
  while (counts(of).visible !== count) await new Promise(setImmediate);
}

async function send(to: string, ...bodies: string[]): Promise<void> {
  const Entries = bodies.map((MessageBody, i) => ({ Id: `${i}`, MessageBody }));
  await call('SendMessageBatch', { QueueUrl: urlOf(to), Entries });
}

async function receive(from: string) {
  const input = { QueueUrl: urlOf(from), MaxNumberOfMessages: 10, AttributeNames: ['All'] };
  return ((await call('ReceiveMessage', input)).Messages ?? []) as {
    MessageId: string;
    Body: string;
    Attributes: Record<string, string>;
  }[];
}

const start = (more: object = {}) => call('StartMessageMoveTask', { SourceArn: arnOf('dead'), ...more });
const tasks = async (MaxResults = 10) =>
  (await call('ListMessageMoveTasks', { SourceArn: arnOf('dead'), MaxResults })).Results;

test('a dead letter that is moved back comes as a new message: its own id and age, no deliveries', async () => {
  await send('main', 'x');
  const [first] = await receive('main');
  vi.setSystemTime(Date.now() + 10_000);
  expect(await receive('main')).toEqual([]);
  await visible('dead', 1);
  await start();
  vi.advanceTimersByTime(100);
  await visible('main', 1);
  expect(counts('dead')).toMatchObject({ visible: 0, inFlight: 0 });
  const [again] = await receive('main');
  expect(again).toMatchObject({ Body: 'x', Attributes: { ApproximateReceiveCount: '1' } });
  expect(again!.MessageId).not.toBe(first!.MessageId);
  expect(again!.Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
  expect(Number(again!.Attributes.SentTimestamp)).toBeGreaterThan(Number(first!.Attributes.SentTimestamp));
});

test('a task moves messages, too, that were received or delayed before and are visible by now', async () => {
  await send('dead', 'a', 'b');
  await receive('dead');
  await call('SendMessage', { QueueUrl: urlOf('dead'), MessageBody: 'c', DelaySeconds: 20 });
  vi.setSystemTime(Date.now() + 30_000);
  await start({ DestinationArn: arnOf('other') });
  expect(await tasks()).toMatchObject([{ ApproximateNumberOfMessagesToMove: 3 }]);
  vi.advanceTimersByTime(200);
  await visible('other', 3);
  expect(await tasks()).toMatchObject([{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 3 }]);
});

test('a task reports what it does and did', async () => {
  await send('dead', 'a', 'b', 'c');
  const { TaskHandle } = await start({ DestinationArn: arnOf('other'), MaxNumberOfMessagesPerSecond: 10 });
  const order = {
    ...{ SourceArn: arnOf('dead'), DestinationArn: arnOf('other'), MaxNumberOfMessagesPerSecond: 10 },
    ...{ ApproximateNumberOfMessagesToMove: 3, StartedTimestamp: 1_750_000_000_000 },
  };
  expect(await tasks()).toEqual([{ ...order, TaskHandle, Status: 'RUNNING', ApproximateNumberOfMessagesMoved: 0 }]);
  vi.advanceTimersByTime(100);
  expect(await tasks()).toMatchObject([{ Status: 'RUNNING', ApproximateNumberOfMessagesMoved: 2 }]);
  vi.advanceTimersByTime(100);
  // Not before what was moved is on disk.
  expect(await tasks()).toMatchObject([{ Status: 'RUNNING', ApproximateNumberOfMessagesMoved: 3 }]);
  vi.advanceTimersByTime(100);
  expect(await tasks()).toEqual([{ ...order, Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 3 }]);
  await visible('other', 3);
  expect((await receive('other')).map(({ Body }) => Body)).toEqual(['a', 'b', 'c']);
});

test('a task moves as many messages a second as requested, the first at once', async () => {
  await send('dead', ...'abcdefghij');
  await start({ DestinationArn: arnOf('main'), MaxNumberOfMessagesPerSecond: 1 });
  const moved = async () => (await tasks())[0].ApproximateNumberOfMessagesMoved;
  vi.advanceTimersByTime(100);
  expect(await moved()).toBe(1);
  vi.advanceTimersByTime(800);
  expect(await moved()).toBe(1);
  vi.advanceTimersByTime(100);
  expect(await moved()).toBe(2);
  vi.advanceTimersByTime(3100);
  expect(await moved()).toBe(5);
});

test('without a speed a task moves 500 messages a second', async () => {
  for (let i = 0; i < 12; i++) await send('dead', ...'abcdefghij');
  await start({ DestinationArn: arnOf('main') });
  vi.advanceTimersByTime(100);
  expect(await tasks()).toMatchObject([{ Status: 'RUNNING', ApproximateNumberOfMessagesMoved: 51 }]);
  vi.advanceTimersByTime(100);
  expect(await tasks()).toMatchObject([{ ApproximateNumberOfMessagesMoved: 101 }]);
});

test('a task moves the messages that were there when it started, no later ones', async () => {
  await send('dead', 'a');
  await start({ DestinationArn: arnOf('other') });
  await send('dead', 'b');
  vi.advanceTimersByTime(1000);
  expect(await tasks()).toMatchObject([{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 1 }]);
  expect(counts('dead').visible).toBe(1);
});

test('a task is completed when its messages are gone', async () => {
  await send('dead', 'a', 'b', 'c');
  await start({ DestinationArn: arnOf('main') });
  await call('PurgeQueue', { QueueUrl: urlOf('dead') });
  vi.advanceTimersByTime(100);
  expect(await tasks()).toMatchObject([{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 0 }]);
});

test('a message that was sent straight to the dead-letter queue needs a destination', async () => {
  await send('dead', 'x');
  await start();
  vi.advanceTimersByTime(100);
  expect(await tasks()).toMatchObject([{ Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource' }]);
  expect(counts('dead').visible).toBe(1);
  await start({ DestinationArn: arnOf('other') });
  vi.advanceTimersByTime(100);
  await visible('other', 1);
});

test('the newest ten tasks of a source are listed, the newest first, one unless more are asked for', async () => {
  for (let i = 0; i < 12; i++) {
    vi.setSystemTime(Date.now() + 1000);
    await start({ DestinationArn: arnOf('main') });
    vi.advanceTimersByTime(100);
  }
  const listed = await tasks();
  expect(listed.map(({ Status }: { Status: string }) => Status)).toEqual(Array(10).fill('COMPLETED'));
  const times = listed.map(({ StartedTimestamp }: { StartedTimestamp: number }) => StartedTimestamp);
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect((await call('ListMessageMoveTasks', { SourceArn: arnOf('dead') })).Results).toEqual([listed[0]]);
  // Those of another source don't count.
  expect((await call('ListMessageMoveTasks', { SourceArn: arnOf('main') })).Results).toEqual([]);
});

test('a running task can be cancelled, once, and then moves nothing', async () => {
  await send('dead', ...'abcdefghij');
  const order = { DestinationArn: arnOf('main'), MaxNumberOfMessagesPerSecond: 1 };
  const { TaskHandle } = await start(order);
  expect(await start(order)).toMatchObject({
    __type: expect.stringContaining('InvalidParameterValue'),
    message: expect.stringContaining('Only one active task is allowed'),
  });
  vi.advanceTimersByTime(100);
  expect(await call('CancelMessageMoveTask', { TaskHandle })).toEqual({ ApproximateNumberOfMessagesMoved: 1 });
  vi.advanceTimersByTime(10_000);
  expect(await tasks()).toMatchObject([{ Status: 'CANCELLED', ApproximateNumberOfMessagesMoved: 1 }]);
  const again = await call('CancelMessageMoveTask', { TaskHandle });
  expect(again).toMatchObject({ __type: expect.stringContaining('UnsupportedOperation') });
  expect(again.message).toContain('CANCELLED');
});

test('closing the server ends its tasks', async () => {
  await send('dead', 'a');
  await start({ DestinationArn: arnOf('other') });
  server.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('a dead-letter queue knows its sources, in pages', async () => {
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1 });
  await call('CreateQueue', { QueueName: 'a', Attributes: { RedrivePolicy } });
  const list = (more: object) => call('ListDeadLetterSourceQueues', { QueueUrl: urlOf('dead'), ...more });
  expect(await list({})).toEqual({ queueUrls: [urlOf('a'), urlOf('main')] });
  const { queueUrls, NextToken } = await list({ MaxResults: 1 });
  expect(queueUrls).toEqual([urlOf('a')]);
  expect(await list({ MaxResults: 1, NextToken })).toEqual({ queueUrls: [urlOf('main')] });
});

test.each<[string, object, string, string]>([
  ['its own source', { DestinationArn: arnOf('dead') }, 'InvalidParameterValue', 'It is the source'],
  [
    'a queue that does not exist',
    { DestinationArn: arnOf('none') },
    'ResourceNotFoundException',
    "DestinationArn parameter doesn't exist",
  ],
  ['a text that is no ARN', { DestinationArn: 'other' }, 'InvalidParameterValue', 'must use this format'],
  ['a source without dead letters', { SourceArn: arnOf('main') }, 'InvalidParameterValue', 'Dead Letter Queue'],
  ['a source that does not exist', { SourceArn: arnOf('none') }, 'ResourceNotFoundException', 'SourceArn'],
  ['a speed of 0', { MaxNumberOfMessagesPerSecond: 0 }, 'InvalidParameterValue', 'between 1 and 500'],
  ['a speed of 501', { MaxNumberOfMessagesPerSecond: 501 }, 'InvalidParameterValue', 'between 1 and 500'],
])('no task is started for %s', async (_, input, code, reason) => {
  const answer = await start(input);
  expect(answer).toMatchObject({
    __type: expect.stringContaining(`#${code}`),
    message: expect.stringContaining(reason),
  });
});
