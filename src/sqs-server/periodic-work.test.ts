import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../lib/sqlite/driver.js';
import { callSqs, urlOf } from '../test/support/sqs-caller.js';
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
  await call('CreateQueue', { QueueName: 'other' });
});

afterEach(() => {
  server.close();
  vi.useRealTimers();
});

const call = (action: string, input: object = {}) => callSqs(server, action, input);

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
