import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../lib/sqlite/driver.js';
import { arnOf, callSqs, urlOf } from '../test/support/sqs-caller.js';
import { HELD_CLOCK } from '../test/support/test-clock.js';
import { createQueueServer, type QueueServer } from './sqs-server.js';

// The tests break the store under the server, as a full disk does.
let database: Database;
vi.mock('./store/queue-database.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('./store/queue-database.js')>();
  const openDatabase = (path: string) => {
    database = original.openDatabase(path);
    return database;
  };
  return { ...original, openDatabase };
});

let server: QueueServer;

beforeEach(async () => {
  // An error in a timer is thrown by whoever advances the clock.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  server = createQueueServer({ path: ':memory:', clock: HELD_CLOCK });
  await call('CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 2 });
  await call('CreateQueue', { QueueName: 'main', Attributes: { RedrivePolicy } });
  await call('CreateQueue', { QueueName: 'other' });
});

afterEach(() => {
  server.close();
  vi.useRealTimers();
});

const call = (action: string, input: object = {}) => callSqs(server, action, input);

async function startTask(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await call('SendMessage', { QueueUrl: urlOf('dead'), MessageBody: `${i}`.repeat(5_000) });
  }
  await call('StartMessageMoveTask', { SourceArn: arnOf('dead'), DestinationArn: arnOf('other') });
}

const lastTask = async () => (await call('ListMessageMoveTasks', { SourceArn: arnOf('dead') })).Results?.[0];
const visible = (of: string) => server.stats().queues.find(({ name }) => name === of)?.visible;

test('a move task ends when its destination is deleted, and its messages stay', async () => {
  await startTask();
  await call('DeleteQueue', { QueueUrl: urlOf('other') });
  vi.advanceTimersByTime(1_000);
  expect(await lastTask()).toMatchObject({ Status: 'FAILED', FailureReason: 'QueueDoesNotExist' });
  expect(visible('dead')).toBe(10);
});

test('a move task ends when its source is deleted', async () => {
  await startTask();
  await call('DeleteQueue', { QueueUrl: urlOf('dead') });
  vi.advanceTimersByTime(1_000);
  await call('CreateQueue', { QueueName: 'dead' });
  expect(await lastTask()).toMatchObject({ Status: 'FAILED', ApproximateNumberOfMessagesMoved: 0 });
  expect(visible('other')).toBe(0);
});

test('a move task for which the disk is full fails with the reason, moves nothing, and can be started again', async () => {
  await startTask();
  const raise = "RAISE(ABORT, 'database or disk is full')";
  database.exec(`CREATE TRIGGER full BEFORE INSERT ON messages_3 BEGIN SELECT ${raise}; END`);
  vi.advanceTimersByTime(100);
  // A request that comes before the commit fails with it.
  expect(await lastTask()).toBeUndefined();
  vi.advanceTimersByTime(1_000);
  expect(await lastTask()).toMatchObject({ Status: 'FAILED', FailureReason: expect.stringContaining('full') });
  expect([visible('dead'), visible('other')]).toEqual([10, 0]);
  database.exec('DROP TRIGGER full');
  await call('StartMessageMoveTask', { SourceArn: arnOf('dead'), DestinationArn: arnOf('other') });
  vi.advanceTimersByTime(1_000);
  await vi.waitUntil(() => visible('other') === 10);
  expect(visible('dead')).toBe(0);
});

test('while the store can’t be read requests fail, and once it can all is there again', async () => {
  await call('SendMessage', { QueueUrl: urlOf('other'), MessageBody: 'x' });
  database.exec('ALTER TABLE messages_1 RENAME TO hidden; ALTER TABLE queues RENAME TO gone;');
  vi.advanceTimersByTime(10_000);
  const refused = await call('ListQueues', {});
  expect(refused).toMatchObject({
    __type: 'com.amazonaws.sqs#InternalFailure',
    message: expect.stringContaining('queues'),
  });
  database.exec('ALTER TABLE hidden RENAME TO messages_1; ALTER TABLE gone RENAME TO queues;');
  await call('ReceiveMessage', { QueueUrl: urlOf('other') });
  const { Messages } = await call('ReceiveMessage', { QueueUrl: urlOf('other') });
  expect(Messages).toEqual([expect.objectContaining({ Body: 'x' })]);
});
