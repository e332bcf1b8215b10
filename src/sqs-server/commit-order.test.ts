import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../lib/sqlite/driver.js';
import { requestSqs, urlOf } from '../test/support/sqs-caller.js';
import { watchedDatabase } from '../test/support/watched-database.js';
import { createQueueServer, type QueueServer } from './sqs-server.js';

// No kill shows that a commit was not synced, or that an answer came before it: settings and the order of calls do.
let database: Database;
let events: string[];
/** What the database is asked to do at a commit, such as to fail. */
let atCommit: () => void;
vi.mock('./store/queue-database.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('./store/queue-database.js')>();
  const openDatabase = (path: string) => {
    database = watchedDatabase(original.openDatabase(path), (sql) => {
      if (sql !== 'COMMIT') return;
      atCommit();
      events.push('commit');
    });
    return database;
  };
  return { ...original, openDatabase };
});

let folder: string;
let server: QueueServer;
const QueueUrl = urlOf('q');

beforeEach(async () => {
  events = [];
  atCommit = () => {};
  folder = mkdtempSync(join(tmpdir(), 'commit-order-'));
  server = createQueueServer({ path: join(folder, 'queue.db') });
  await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '600' } });
  events = [];
});

afterEach(() => {
  atCommit = () => {};
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function call(action: string, input: object) {
  const { status, body } = await requestSqs(server, action, input);
  events.push(`${action} ${status}`);
  return body;
}

const send = (MessageBody: string) => call('SendMessage', { QueueUrl, MessageBody });
const receive = (more = {}) => call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10, ...more });
const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0];

test('a commit returns only after the disk has it, and the store is for one process', () => {
  const FULL = 2;
  expect([pragma('synchronous'), pragma('journal_mode'), pragma('locking_mode')]).toEqual([FULL, 'wal', 'exclusive']);
  expect(pragma('wal_autocheckpoint')).toBe(4000);
});

test.each<[string, () => Promise<[action: string, input: object]>]>([
  ['a message', async () => ['SendMessage', { QueueUrl, MessageBody: 'x' }]],
  ['a batch', async () => ['SendMessageBatch', { QueueUrl, Entries: [{ Id: 'a', MessageBody: 'x' }] }]],
  ['a new queue', async () => ['CreateQueue', { QueueName: 'other' }]],
  ['an attribute', async () => ['SetQueueAttributes', { QueueUrl, Attributes: { DelaySeconds: '1' } }]],
  ['a tag', async () => ['TagQueue', { QueueUrl, Tags: { a: '1' } }]],
  ['a purge', async () => ['PurgeQueue', { QueueUrl }]],
  ['the end of a queue', async () => ['DeleteQueue', { QueueUrl }]],
  [
    'a deletion',
    async () => {
      await send('x');
      const { ReceiptHandle } = (await receive()).Messages[0];
      return ['DeleteMessage', { QueueUrl, ReceiptHandle }];
    },
  ],
  [
    'a batch of deletions',
    async () => {
      await send('x');
      const { ReceiptHandle } = (await receive()).Messages[0];
      return ['DeleteMessageBatch', { QueueUrl, Entries: [{ Id: 'a', ReceiptHandle }] }];
    },
  ],
  [
    'a changed visibility',
    async () => {
      await send('x');
      const { ReceiptHandle } = (await receive()).Messages[0];
      return ['ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 60 }];
    },
  ],
])('%s is acknowledged after its commit, never before', async (_, prepare) => {
  const [action, input] = await prepare();
  await vi.waitUntil(() => !database.isTransaction);
  events = [];
  await call(action, input);
  expect(events).toEqual(['commit', `${action} 200`]);
});

test('a message that could not be committed is not acknowledged, and nobody gets it', async () => {
  atCommit = () => {
    throw new Error('database or disk is full');
  };
  const answer = await send('lost');
  expect(answer).toMatchObject({
    __type: 'com.amazonaws.sqs#InternalFailure',
    message: expect.stringContaining('full'),
  });
  atCommit = () => {};
  expect(await receive()).toEqual({});
  await send('kept');
  expect((await receive()).Messages).toMatchObject([{ Body: 'kept' }]);
});

test('a receiver that waits gets a message only once it is committed', async () => {
  const waiting = receive({ WaitTimeSeconds: 20 });
  await vi.waitUntil(() => server.stats().queues[0]?.waiting === 1);
  let seenBefore: unknown;
  atCommit = () => {
    seenBefore = server.stats().queues[0];
  };
  await Promise.all([send('x'), waiting]);
  expect(seenBefore).toMatchObject({ visible: 0, inFlight: 0, waiting: 1 });
  expect(events[0]).toBe('commit');
  expect((await waiting).Messages).toMatchObject([{ Body: 'x' }]);
});

test('a receiver that asks between a write and its commit gets nothing yet', async () => {
  let asked: Promise<unknown> | undefined;
  const answers: unknown[] = [];
  // The answer is made from what memory shows at this moment.
  atCommit = () => {
    asked ??= receive().then((answer) => answers.push(answer));
    answers.push(server.stats().queues[0]);
  };
  await send('x');
  await asked;
  expect(answers[0]).toMatchObject({ visible: 0, inFlight: 0 });
});
