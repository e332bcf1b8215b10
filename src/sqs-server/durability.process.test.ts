import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { QueueProcess } from '../test/support/queue-process.js';
import { createQueueServer } from './sqs-server.js';

let server: QueueProcess;

beforeAll(async () => {
  server = await QueueProcess.build();
});
afterEach(() => server.stop());
afterAll(() => server.close());

const call = (action: string, input: object) => server.call(action, input);

const QueueUrl = 'http://any/000000000000/q';

test('what was acknowledged survives kill -9 under load, and what was deleted stays deleted', {
  timeout: 60_000,
}, async () => {
  const path = join(server.folder, 'killed.db');
  const acknowledged = new Set<string>();
  const deleted = new Set<string>();
  // Whether these are gone nobody knows when the kill swallows the answer.
  const maybeDeleted = new Set<string>();
  let number = 0;
  for (let round = 0; round < 3; round++) {
    await server.start(path);
    await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '600' } });
    const goal = acknowledged.size + 3_000;
    const sender = async () => {
      for (;;) {
        const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: `e${i}`, MessageBody: `🚀 ${number++}` }));
        const { Successful } = await call('SendMessageBatch', { QueueUrl, Entries });
        for (const { Id } of Successful) acknowledged.add(Entries[Number(Id.slice(1))]!.MessageBody);
      }
    };
    const receiver = async () => {
      for (;;) {
        const input = { QueueUrl, MaxNumberOfMessages: 5, WaitTimeSeconds: 5 };
        const { Messages = [] } = await call('ReceiveMessage', input);
        if (Messages.length === 0) continue;
        const Entries = Messages.map(({ ReceiptHandle }: { ReceiptHandle: string }, i: number) => ({
          ...{ Id: `${i}`, ReceiptHandle },
        }));
        for (const { Body } of Messages) maybeDeleted.add(Body);
        await call('DeleteMessageBatch', { QueueUrl, Entries });
        for (const { Body } of Messages) deleted.add(Body);
      }
    };
    const workers = Promise.allSettled([sender(), sender(), sender(), sender(), receiver()]);
    while (acknowledged.size < goal) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.stop();
    // Every worker ends with the connection error that the kill caused.
    expect((await workers).map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  }

  const found = await server.drain(path, QueueUrl);
  expect([...acknowledged].filter((body) => !found.has(body) && !maybeDeleted.has(body))).toEqual([]);
  expect([...deleted].filter((body) => found.has(body))).toEqual([]);
  expect(deleted.size).toBeGreaterThan(0);
});

test('a message is on disk when its acknowledgement arrives, not soon after', { timeout: 60_000 }, async () => {
  const path = join(server.folder, 'at-once.db');
  const bodies: string[] = [];
  for (let round = 0; round < 3; round++) {
    await server.start(path);
    await call('CreateQueue', { QueueName: 'q' });
    // Right after a commit the next one is held back to collect more: that is when an early answer would be wrong.
    for (let i = 0; i < 5; i++) {
      const MessageBody = `${round} ${i}`;
      await call('SendMessage', { QueueUrl, MessageBody });
      bodies.push(MessageBody);
    }
    await server.stop();
  }
  expect(await server.drain(path, QueueUrl)).toEqual(new Set(bodies));
});

test('a receipt from before a kill still deletes', { timeout: 60_000 }, async () => {
  const path = join(server.folder, 'receipts.db');
  await server.start(path);
  await call('CreateQueue', { QueueName: 'q' });
  await call('SendMessage', { QueueUrl, MessageBody: 'x' });
  const { Messages } = await call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 5 });
  await server.stop();
  await server.start(path);
  await call('DeleteMessage', { QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle });
  await server.stop();
  expect(await server.drain(path, QueueUrl)).toEqual(new Set());
});

test('a store is for one process', async () => {
  const path = join(server.folder, 'shared.db');
  await server.start(path);
  expect(() => createQueueServer({ path })).toThrow(expect.objectContaining({ code: 'QUEUE_STORE_LOCKED' }));
});
