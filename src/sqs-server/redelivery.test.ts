import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { closeDatabase } from '../lib/sqlite/driver.js';
import { arnOf, callSqs, urlOf } from '../test/support/sqs-caller.js';
import { HELD_CLOCK } from '../test/support/test-clock.js';
import { createQueueServer, type QueueServer } from './sqs-server.js';
import { openDatabase } from './store/queue-database.js';

// Standard queues in time that passes only when it is told to.
let folder: string;
let server: QueueServer;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: 1_750_000_000_000 });
  folder = mkdtempSync(join(tmpdir(), 'redelivery-'));
  open();
  await call('CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 2 });
  await call('CreateQueue', { QueueName: 'main', Attributes: { RedrivePolicy, VisibilityTimeout: '10' } });
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
  vi.useRealTimers();
});

function open(): void {
  server = createQueueServer({ path: join(folder, 'queue.db'), clock: HELD_CLOCK });
}

const call = (action: string, input: object = {}) => callSqs(server, action, input);

const send = (to: string, ...bodies: string[]) =>
  call('SendMessageBatch', {
    ...{ QueueUrl: urlOf(to) },
    Entries: bodies.map((MessageBody, i) => ({ Id: `${i}`, MessageBody })),
  });
async function receive(from: string, more: object = {}) {
  const input = { QueueUrl: urlOf(from), MaxNumberOfMessages: 10, AttributeNames: ['All'], ...more };
  return ((await call('ReceiveMessage', input)).Messages ?? []) as {
    MessageId: string;
    Body: string;
    ReceiptHandle: string;
    Attributes: Record<string, string>;
  }[];
}
const bodies = async (from: string, more: object = {}) => (await receive(from, more)).map(({ Body }) => Body);
const counts = (of: string) => server.stats().queues.find(({ name }) => name === of);
/** Waits for a commit or a request, which take turns of the event loop but no time. */
async function until(look: () => boolean): Promise<void> {
  while (!look()) await new Promise(setImmediate);
}
/** Resolves when so many messages can be received. */
const visible = (of: string, count: number) => until(() => counts(of)?.visible === count);
/** Seconds later. */
const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

test('a message is received as often as its policy allows, and then is a dead letter', async () => {
  await send('main', 'x');
  const first = await receive('main');
  later(10);
  expect((await receive('main'))[0]?.Attributes.ApproximateReceiveCount).toBe('2');
  later(10);
  expect([await bodies('main'), counts('main')]).toMatchObject([[], { visible: 0, inFlight: 0 }]);
  await visible('dead', 1);
  const [dead] = await receive('dead');
  expect(dead).toMatchObject({ MessageId: first[0]!.MessageId, Body: 'x' });
  expect(dead?.Attributes).toMatchObject({ DeadLetterQueueSourceArn: arnOf('main'), ApproximateReceiveCount: '3' });
});

/** A message that may be received no more comes back just before one that may. */
async function deadLetterFirst(): Promise<void> {
  await send('main', 'bad');
  await receive('main');
  later(10);
  await receive('main');
  await send('main', 'good');
  later(1);
  expect(await bodies('main')).toEqual(['good']);
  later(15);
}

test('those behind a dead letter are received in its place', async () => {
  await deadLetterFirst();
  expect(await bodies('main', { MaxNumberOfMessages: 1 })).toEqual(['good']);
});

test('a receiver gets a message once, also when others may have it at the same moment', async () => {
  await deadLetterFirst();
  expect(await bodies('main', { VisibilityTimeout: 0 })).toEqual(['good']);
  // A second time would have been one too often.
  expect(counts('main')).toMatchObject({ visible: 0, inFlight: 1 });
});

test('a dead letter keeps the age of its message, and counts the deliveries of all queues', async () => {
  const deadest = JSON.stringify({ deadLetterTargetArn: arnOf('deadest'), maxReceiveCount: 1 });
  await call('CreateQueue', { QueueName: 'deadest' });
  await call('SetQueueAttributes', { QueueUrl: urlOf('dead'), Attributes: { RedrivePolicy: deadest } });
  const sentAt = Date.now();
  await send('main', 'x');
  for (let i = 0; i < 3; i++) {
    await receive('main');
    later(30);
  }
  await visible('dead', 1);
  await receive('dead');
  later(30);
  await receive('dead');
  await visible('deadest', 1);
  const [message] = await receive('deadest');
  expect(message?.Attributes).toMatchObject({
    ...{ SentTimestamp: String(sentAt), ApproximateReceiveCount: '4', DeadLetterQueueSourceArn: arnOf('dead') },
  });
});

test('what is past its retention is no dead letter', async () => {
  await call('SetQueueAttributes', { QueueUrl: urlOf('main'), Attributes: { MessageRetentionPeriod: '60' } });
  await send('main', 'x');
  for (let i = 0; i < 2; i++) {
    await receive('main');
    later(10);
  }
  later(60);
  const { commits } = server.stats();
  expect(await bodies('main')).toEqual([]);
  await until(() => server.stats().commits > commits);
  expect([counts('main'), counts('dead')]).toMatchObject([{ visible: 0, inFlight: 0 }, { visible: 0 }]);
});

test('messages past their retention go without being asked for', async () => {
  await call('SetQueueAttributes', { QueueUrl: urlOf('main'), Attributes: { MessageRetentionPeriod: '60' } });
  await send('main', 'old');
  later(31);
  await send('main', 'young');
  vi.advanceTimersByTime(30_000);
  await visible('main', 1);
  expect(await bodies('main')).toEqual(['young']);
});

test('with a timeout of nothing a message is received once by a receiver, and at once by the next', async () => {
  await call('CreateQueue', { QueueName: 'open', Attributes: { VisibilityTimeout: '0' } });
  await send('open', 'x');
  expect(await bodies('open')).toEqual(['x']);
  later(0.02);
  expect(await bodies('open')).toEqual(['x']);
});

test('a receiver that waits gets what comes back', async () => {
  await send('main', 'x');
  await receive('main', { VisibilityTimeout: 7 });
  const waiting = bodies('main', { WaitTimeSeconds: 20 });
  await until(() => counts('main')?.waiting === 1);
  const { commits } = server.stats();
  vi.advanceTimersByTime(6_900);
  // The delivery is written by then, so that no commit serves the receiver.
  await until(() => server.stats().commits > commits);
  expect(counts('main')).toMatchObject({ waiting: 1, inFlight: 1 });
  vi.advanceTimersByTime(100);
  expect(await waiting).toEqual(['x']);
});

test('a delivery is written within a second, so that even a crash forgets none that is older', async () => {
  await send('main', 'x');
  const { commits } = server.stats();
  await receive('main', { VisibilityTimeout: 600 });
  vi.advanceTimersByTime(950);
  await new Promise(setImmediate);
  expect(server.stats().commits).toBe(commits);
  vi.advanceTimersByTime(50);
  await until(() => server.stats().commits > commits);
  expect(server.stats().commits).toBe(commits + 1);
});

test('what was deleted before its delivery was written leaves nothing to write', async () => {
  await send('main', 'x');
  const [message] = await receive('main');
  await call('DeleteMessage', { QueueUrl: urlOf('main'), ReceiptHandle: message!.ReceiptHandle });
  const { commits } = server.stats();
  vi.advanceTimersByTime(3000);
  expect(server.stats().commits).toBe(commits);
  await new Promise(setImmediate);
  expect(server.stats().commits).toBe(commits);
});

test('closing keeps what was in flight, and the next server knows it', async () => {
  await send('main', 'x', 'y');
  const [message] = await receive('main', { MaxNumberOfMessages: 1 });
  server.close();
  open();
  expect(counts('main')).toMatchObject({ visible: 1, inFlight: 1 });
  await call('DeleteMessage', { QueueUrl: urlOf('main'), ReceiptHandle: message!.ReceiptHandle });
  expect(counts('main')).toMatchObject({ visible: 1, inFlight: 0 });
});

test('a queue that was deleted leaves no table', async () => {
  await send('main', 'x');
  await call('DeleteQueue', { QueueUrl: urlOf('main') });
  server.close();
  const database = openDatabase(join(folder, 'queue.db'));
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE name GLOB 'messages_*'").all();
  closeDatabase(database);
  // That of the dead-letter queue, with its index.
  expect(tables).toHaveLength(2);
});

test('a queue that was deleted leaves no message to one of the same name, nor to one after a restart', async () => {
  await send('main', 'x');
  await call('DeleteQueue', { QueueUrl: urlOf('main') });
  await call('CreateQueue', { QueueName: 'main' });
  server.close();
  open();
  expect(counts('main')).toMatchObject({ visible: 0, inFlight: 0, delayed: 0 });
});

test('attributes and tags that were changed hold after a restart', async () => {
  await call('SetQueueAttributes', { QueueUrl: urlOf('main'), Attributes: { VisibilityTimeout: '20' } });
  await call('TagQueue', { QueueUrl: urlOf('main'), Tags: { a: '1' } });
  const ask = async () => [
    await call('GetQueueAttributes', { QueueUrl: urlOf('main'), AttributeNames: ['All'] }),
    await call('ListQueueTags', { QueueUrl: urlOf('main') }),
  ];
  const before = await ask();
  expect(before).toMatchObject([{ Attributes: { VisibilityTimeout: '20' } }, { Tags: { a: '1' } }]);
  server.close();
  open();
  expect(await ask()).toEqual(before);
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
