import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { scrape } from '../test/support/scrape.js';
import { arnOf, callSqs, requestSqs, urlOf } from '../test/support/sqs-caller.js';
import { createQueueServer, type QueueServer } from './sqs-server.js';

const Q = 'wasm_sensors_queue_';

let server: QueueServer;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setInterval', 'clearInterval'], now: 1_750_000_000_000 });
  server = createQueueServer({ path: ':memory:' });
  await call('CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1 });
  const Attributes = { RedrivePolicy, VisibilityTimeout: '10', MessageRetentionPeriod: '100' };
  await call('CreateQueue', { QueueName: 'main', Attributes });
});

afterEach(() => {
  server.close();
  vi.useRealTimers();
});

const call = (action: string, input: object = {}) => callSqs(server, action, input);
const send = (MessageBody: string) => call('SendMessage', { QueueUrl: urlOf('main'), MessageBody });
const receive = async (from = 'main') =>
  ((await call('ReceiveMessage', { QueueUrl: urlOf(from), MaxNumberOfMessages: 10 })).Messages ?? []) as {
    ReceiptHandle: string;
  }[];
const later = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

test('every message is counted when it comes, each time it is delivered, and with the reason when it goes', async () => {
  for (const body of ['deleted', 'exhausted']) await send(body);
  const [first] = await receive();
  await call('DeleteMessage', { QueueUrl: urlOf('main'), ReceiptHandle: first!.ReceiptHandle });
  await call('DeleteMessage', { QueueUrl: urlOf('main'), ReceiptHandle: first!.ReceiptHandle });
  await later(11);
  // The other one was received once, as often as its policy allows.
  expect(await receive()).toEqual([]);
  await send('expired');
  await later(120);
  const samples = await scrape(server.app);
  expect(samples).toMatchObject({
    [`${Q}messages_added_total{queue="main"}`]: 3,
    [`${Q}messages_delivered_total{queue="main"}`]: 2,
    [`${Q}messages_redelivered_total{queue="main"}`]: 0,
    [`${Q}messages_removed_total{queue="main",reason="deleted"}`]: 1,
    [`${Q}messages_removed_total{queue="main",reason="dead_lettered"}`]: 1,
    [`${Q}messages_removed_total{queue="main",reason="expired"}`]: 1,
    [`${Q}messages_added_total{queue="dead"}`]: 1,
    [`${Q}messages{queue="dead",state="visible"}`]: 1,
    [`${Q}messages{queue="main",state="visible"}`]: 0,
  });
  await receive('dead');
  await later(31);
  await receive('dead');
  expect((await scrape(server.app))[`${Q}messages_redelivered_total{queue="dead"}`]).toBe(1);
  await call('PurgeQueue', { QueueUrl: urlOf('dead') });
  expect((await scrape(server.app))[`${Q}messages_removed_total{queue="dead",reason="purged"}`]).toBe(1);
});

test('the age is that of the oldest message that nobody has deleted, in flight or not', async () => {
  const age = async () => (await scrape(server.app))[`${Q}oldest_message_age_seconds{queue="main"}`];
  expect(await age()).toBe(0);
  await send('a');
  await later(5);
  await send('b');
  const [oldest] = await receive();
  expect(await age()).toBeCloseTo(5, 1);
  await call('DeleteMessage', { QueueUrl: urlOf('main'), ReceiptHandle: oldest!.ReceiptHandle });
  await later(2);
  expect(await age()).toBeCloseTo(2, 1);
});

test('requests are counted by action, refused ones by their error code too', async () => {
  await send('a');
  await requestSqs(server, 'SendMessage', { QueueUrl: urlOf('nowhere'), MessageBody: 'a' });
  expect(await scrape(server.app)).toMatchObject({
    [`${Q}requests_total{action="SendMessage"}`]: 2,
    [`${Q}refusals_total{reason="QueueDoesNotExist"}`]: 1,
  });
  expect((await scrape(server.app))[`${Q}commits_total`]).toBeGreaterThan(0);
});
