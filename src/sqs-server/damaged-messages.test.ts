import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeDatabase } from '../lib/sqlite/driver.js';
import { arnOf, callSqs, urlOf } from '../test/support/sqs-caller.js';
import { createQueueServer, type QueueServer, type QueueServerEvent } from './sqs-server.js';
import { openDatabase } from './store/queue-database.js';

// The file is changed between two runs so that SQLite notices nothing, as a failing disk does.
let folder: string;
let path: string;
let server: QueueServer;
let events: QueueServerEvent[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'damaged-messages-'));
  path = join(folder, 'queue.db');
  events = [];
  open();
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): void {
  server = createQueueServer({ path, onEvent: (event) => events.push(event) });
}

/** Runs SQL on the table of the queue that was created last. */
function damage(changes: string): void {
  server.close();
  const database = openDatabase(path);
  const { id } = database.prepare('SELECT max(id) AS id FROM queues').get() as { id: number };
  database.exec(`UPDATE messages_${id} SET ${changes}`);
  closeDatabase(database);
  open();
}

const call = (action: string, input: object = {}) => callSqs(server, action, input);
const MessageAttributes = { sensor_config: { DataType: 'String', StringValue: 'v=1' } };

async function createQueue(redrive: boolean): Promise<void> {
  await call('CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 5 });
  await call('CreateQueue', { QueueName: 'q', Attributes: redrive ? { RedrivePolicy } : {} });
}

async function send(...bodies: string[]): Promise<void> {
  const Entries = bodies.map((MessageBody, i) => ({ Id: `${i}`, MessageBody, MessageAttributes }));
  await call('SendMessageBatch', { QueueUrl: urlOf('q'), Entries });
}

async function receive(queue: string) {
  const input = { QueueUrl: urlOf(queue), MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
  const { Messages = [] } = await call('ReceiveMessage', input);
  // What this one moved can be received after the commit, for which this answer waits.
  await call('TagQueue', { QueueUrl: urlOf(queue), Tags: { committed: 'yes' } });
  return Messages;
}

test.each([
  ['another text', "body = 'no' WHERE body = 'bad'", 'no', 'body'],
  ['no UTF-8', "body = CAST(x'41ff42' AS TEXT) WHERE body = 'bad'", 'A\ufffdB', 'body'],
  ['bytes instead of text', "body = x'4142' WHERE body = 'bad'", 'AB', 'body'],
  ['a checksum', "bodyMd5 = 'x' WHERE body = 'bad'", 'bad', 'body'],
  ['other attributes', "attributes = replace(attributes, 'v=1', 'v=2') WHERE body = 'bad'", 'bad', 'attributes'],
  ['attributes that are no JSON', "attributes = '{' WHERE body = 'bad'", 'bad', 'attributes'],
  ['no attributes', "attributes = NULL WHERE body = 'bad'", 'bad', 'attributes'],
])('a message with %s becomes a dead letter with the reason; the others are received', async (_, sql, body, part) => {
  await createQueue(true);
  await send('good', 'bad', 'fine');
  damage(sql);
  expect((await receive('q')).map(({ Body }: { Body: string }) => Body)).toEqual(['good', 'fine']);
  const [dead] = await receive('dead');
  expect(dead).toMatchObject({
    Body: body,
    MessageAttributes: {
      dead_letter_reason: { StringValue: expect.stringContaining(`its ${part} and their checksum`) },
    },
  });
  expect(dead.MessageAttributes.sensor_config?.StringValue).toBe(part === 'body' ? 'v=1' : undefined);
  expect(events).toEqual([{ type: 'message-damaged', queue: 'q', id: dead.MessageId, deadLetterQueue: 'dead' }]);
  expect(server.stats().store).toEqual({ status: 'ready' });
});

test('a message with a number that JavaScript has not keeps nobody from receiving', async () => {
  await createQueue(true);
  await send('good', 'bad', 'fine');
  damage("sent = 9223372036854775807 WHERE body = 'bad'");
  expect((await receive('q')).map(({ Body }: { Body: string }) => Body)).toEqual(['good', 'bad', 'fine']);
});

test('the dead letter is itself as it was written', async () => {
  await createQueue(true);
  await send('bad');
  damage("body = 'no'");
  await receive('q');
  server.close();
  open();
  expect(await receive('dead')).toMatchObject([{ Body: 'no' }]);
  expect(server.stats().store).toEqual({ status: 'ready' });
});

test('without a dead-letter queue it stays in the store, is counted, and nobody receives it', async () => {
  await createQueue(false);
  await send('good', 'bad');
  damage("body = 'no' WHERE body = 'bad'");
  expect(await receive('q')).toMatchObject([{ Body: 'good' }]);
  expect(events).toEqual([{ type: 'message-damaged', queue: 'q', id: expect.any(String) }]);
  server.close();
  const database = openDatabase(path);
  expect(database.prepare('SELECT reason, body FROM damaged_messages').all()).toMatchObject([
    { reason: expect.stringContaining('body'), body: 'no' },
  ]);
  closeDatabase(database);
  open();
  const total = server.stats().queues.find(({ name }) => name === 'q')!;
  expect([total.visible + total.inFlight, server.stats().store.damagedMessages]).toEqual([1, 1]);
  await call('PurgeQueue', { QueueUrl: urlOf('q') });
  expect(server.stats().store).toEqual({ status: 'ready' });
});

test('a message that comes back from the store is as good as one that never left memory', async () => {
  await createQueue(true);
  const bodies = ['🛰️ "quoted" \\', '\t\n', 'x'.repeat(5_000)];
  await send(...bodies, 'ümläut');
  server.close();
  open();
  expect((await receive('q')).map(({ Body }: { Body: string }) => Body)).toEqual([...bodies, 'ümläut']);
});
