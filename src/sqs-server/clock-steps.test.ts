import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MARK_AGE_MS } from '../lib/time/elapsed-clock.js';
import { arnOf, callSqs, urlOf } from '../test/support/sqs-caller.js';
import { createQueueServer, type QueueServer, type QueueServerEvent } from './sqs-server.js';

// The wall clock is set while messages are in a queue. Time passes only when a test says so.
const START = 1_750_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let folder: string;
let server: QueueServer;
/** What the wall clock is ahead of the monotonic one. */
let steps: number;
let events: QueueServerEvent[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: START });
  folder = mkdtempSync(join(tmpdir(), 'clock-steps-'));
  steps = START;
  events = [];
  open();
  await call('CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 2 });
  await call('CreateQueue', { QueueName: 'q', Attributes: { RedrivePolicy, VisibilityTimeout: '10' } });
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
  vi.useRealTimers();
});

function open(): void {
  const clock = { monotonic: () => Date.now() - steps };
  server = createQueueServer({ path: join(folder, 'queue.db'), clock, onEvent: (event) => events.push(event) });
}

const call = (action: string, input: object = {}) => callSqs(server, action, input);
const send = (MessageBody: string, more: object = {}) =>
  call('SendMessage', { QueueUrl: urlOf('q'), MessageBody, ...more });

async function receive(queue = 'q') {
  const input = { QueueUrl: urlOf(queue), MaxNumberOfMessages: 10, AttributeNames: ['All'] };
  return ((await call('ReceiveMessage', input)).Messages ?? []) as {
    Body: string;
    Attributes: Record<string, string>;
  }[];
}
const bodies = async (queue?: string) => (await receive(queue)).map(({ Body }) => Body);

/** Both clocks run, and the periodic work is done at the end. */
function pass(ms: number): void {
  const last = Math.min(ms, 20_000);
  vi.setSystemTime(Date.now() + ms - last);
  vi.advanceTimersByTime(last);
}

/** Somebody sets the wall clock. */
function step(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
  steps += ms;
}

type When = 'while it runs' | 'before a restart' | 'while it is stopped';
const WHEN: When[] = ['while it runs', 'before a restart', 'while it is stopped'];

function stepAndRestart(ms: number, when: When): void {
  if (when !== 'while it is stopped') step(ms);
  if (when === 'while it runs') return;
  server.close();
  if (when === 'while it is stopped') step(ms);
  // The monotonic clock of another process begins elsewhere.
  steps += 123_456;
  open();
}

const stepped = (byMs: number) => expect.objectContaining({ type: 'clock-stepped', byMs });

test.each(WHEN)('a step of five days ahead %s expires nothing', async (when) => {
  for (const body of ['a', 'b', 'c']) await send(body);
  pass(MINUTE);
  stepAndRestart(5 * DAY, when);
  pass(30 * MINUTE);
  const byMs = when === 'while it is stopped' ? 5 * DAY - MARK_AGE_MS : 5 * DAY;
  // After a restart it is taken for the time in which nothing ran.
  expect(events).toEqual(when === 'while it runs' ? [stepped(byMs)] : []);
  expect(await bodies()).toEqual(['a', 'b', 'c']);
  expect(server.stats().store).toMatchObject({ status: 'ready', clockStepMs: byMs });
});

test('a step in the first seconds is no stop', () => {
  step(5 * DAY);
  pass(MINUTE);
  expect(events).toEqual([stepped(5 * DAY)]);
});

test('a step that an hour has confirmed counts', async () => {
  await send('a');
  pass(MINUTE);
  step(5 * DAY);
  pass(MINUTE);
  pass(HOUR);
  pass(MINUTE);
  expect(events).toEqual([stepped(5 * DAY), { type: 'clock-step-confirmed', byMs: 5 * DAY }]);
  expect(await bodies()).toEqual([]);
});

test('a clock that is two days ahead and set right again does nothing', async () => {
  step(2 * DAY);
  await send('a', { DelaySeconds: 60 });
  await send('b');
  pass(MINUTE);
  step(-2 * DAY);
  pass(2 * HOUR);
  expect((await bodies()).sort()).toEqual(['a', 'b']);
});

test.each(WHEN)('after a step of an hour back %s messages in flight come back in time', async (when) => {
  await send('a');
  await send('later', { DelaySeconds: 60 });
  expect(await bodies()).toEqual(['a']);
  pass(2_000);
  stepAndRestart(-HOUR, when);
  pass(9_000);
  expect(await bodies()).toEqual(['a']);
  pass(11_000);
  // Received as often as its policy allows, after 10 s each.
  await receive();
  // It is answered after the commit of everything before.
  await call('TagQueue', { QueueUrl: urlOf('q'), Tags: { committed: 'yes' } });
  expect(await bodies('dead')).toEqual(['a']);
  pass(50_000);
  expect(await bodies()).toEqual(['later']);
});

test('receivers see the wall clock', async () => {
  pass(MINUTE);
  step(-HOUR);
  pass(1_000);
  await send('a');
  const [message] = await receive();
  const shown = String(START + MINUTE - HOUR + 1_000);
  expect(message?.Attributes).toMatchObject({ SentTimestamp: shown, ApproximateFirstReceiveTimestamp: shown });
});

test('a number is never used again, also when the clock was set back while the server was stopped', async () => {
  await send('a');
  const [{ ReceiptHandle }] = (await call('ReceiveMessage', { QueueUrl: urlOf('q') })).Messages;
  await call('DeleteMessage', { QueueUrl: urlOf('q'), ReceiptHandle });
  stepAndRestart(-DAY, 'while it is stopped');
  await send('b');
  await call('DeleteMessage', { QueueUrl: urlOf('q'), ReceiptHandle });
  expect(await bodies()).toEqual(['b']);
});

test('a dead letter keeps its age', async () => {
  await call('SetQueueAttributes', { QueueUrl: urlOf('dead'), Attributes: { MessageRetentionPeriod: '3600' } });
  await send('a');
  for (let i = 0; i < 3; i++) {
    await receive();
    pass(20 * MINUTE - 20_000);
  }
  expect(server.stats().queues.find(({ name }) => name === 'dead')?.visible).toBe(1);
  pass(5 * MINUTE);
  expect(await bodies('dead')).toEqual([]);
});
