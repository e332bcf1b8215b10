/** What happens to the file of the store and to the clock under a real server, in its own process. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { FakeClock, faketimeMissing } from '../test/support/faketime.js';
import { QueueProcess } from '../test/support/queue-process.js';
import { canMount, fillDisk, NEEDS_MOUNT } from '../test/support/small-disk.js';

type Received = { Body: string; ReceiptHandle: string };

const QueueUrl = 'http://any/000000000000/q';

let server: QueueProcess;
let path: string;
let stores = 0;

beforeAll(async () => {
  server = await QueueProcess.build();
});
beforeEach(() => {
  stores += 1;
  const folder = join(server.folder, `store-${stores}`);
  mkdirSync(folder);
  path = join(folder, 'queue.db');
});
afterEach(() => server.stop());
afterAll(() => server.close());

async function startWithQueue(
  attributes: Record<string, string> = {},
  env: Record<string, string> = {},
): Promise<void> {
  await server.start(path, env);
  await server.call('CreateQueue', { QueueName: 'q', Attributes: attributes });
}

const types = () => server.events.map(({ type }) => type);
const ready = async () => {
  const response = await fetch(`${server.url}/ready`);
  return [response.status, await response.json()];
};

async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`${what} did not happen; events: ${JSON.stringify(server.events)}`);
    await sleep(20);
  }
}

/** Sends batches until it is stopped; counts what was acknowledged, and what was refused. */
function load(padding = '') {
  const acknowledged = new Set<string>();
  const refusals: string[] = [];
  let running = true;
  let number = 0;
  const sender = async () => {
    while (running) {
      const Entries = Array.from({ length: 10 }, (_, i) => ({
        Id: `${i}`,
        MessageBody: `message ${number++}${padding}`,
      }));
      try {
        const { Successful } = await server.call('SendMessageBatch', { QueueUrl, Entries });
        for (const { Id } of Successful) acknowledged.add(Entries[Number(Id)]!.MessageBody);
      } catch (error) {
        refusals.push((error as Error).message);
        await sleep(50);
      }
    }
  };
  const senders = Promise.all([sender(), sender(), sender(), sender()]);
  return {
    acknowledged,
    refusals,
    stop: () => {
      running = false;
      return senders;
    },
  };
}

test.each([
  ['the database', ['']],
  ['its log', ['-wal']],
  ['both', ['', '-wal']],
])('deleting %s under load loses nothing that was acknowledged', async (_, suffixes) => {
  await startWithQueue();
  const { acknowledged, refusals, stop } = load();
  await until('load', () => acknowledged.size > 500);
  for (const suffix of suffixes) rmSync(path + suffix);
  await until('the restored store', () => types().includes('store-restored'));
  const before = acknowledged.size;
  await until('further load', () => acknowledged.size > before + 500);
  await until('the end of the deleted files', () => server.deletedFiles().length === 0);
  await stop();
  await server.stop('SIGKILL');
  expect([types(), existsSync(`${path}.damaged`)]).toEqual([['store-lost', 'store-restored'], false]);
  for (const refusal of refusals) expect(refusal).toMatch(/^503 .*ServiceUnavailable/);
  const found = await server.drain(path, QueueUrl);
  expect([...acknowledged].filter((body) => !found.has(body))).toEqual([]);
  expect(server.events).toEqual([]);
});

test('a deletion is noticed within seconds when nobody sends', async () => {
  await startWithQueue();
  await server.call('SendMessage', { QueueUrl, MessageBody: 'x' });
  rmSync(path);
  await until('the restored store', () => types().includes('store-restored'));
  expect(existsSync(path)).toBe(true);
  await server.stop('SIGKILL');
  expect(await server.drain(path, QueueUrl)).toEqual(new Set(['x']));
});

test('as long as it can’t be written back, sends fail so that they are repeated, and /ready says why', async () => {
  await startWithQueue();
  await server.call('SendMessage', { QueueUrl, MessageBody: 'x' });
  rmSync(path);
  // A folder in the way.
  mkdirSync(`${path}.writing`);
  writeFileSync(join(`${path}.writing`, 'file'), '');
  await until('the failure', () => types().includes('store-restore-failed'));
  const refused = server.call('SendMessage', { QueueUrl, MessageBody: 'refused' });
  await expect(refused).rejects.toThrow(/^503 .*ServiceUnavailable.*was deleted/);
  expect(await ready()).toEqual([
    503,
    { status: 'not ready', code: 'QUEUE_STORE_LOST', reason: expect.stringContaining('was deleted') },
  ]);
  expect((await fetch(`${server.url}/stats`)).status).toBe(200);
  rmSync(`${path}.writing`, { recursive: true });
  await until('the restored store', () => types().includes('store-restored'));
  expect(await ready()).toEqual([
    200,
    { status: 'ready', writtenBack: { problem: 'deleted', times: 1, agoMs: expect.any(Number) } },
  ]);
  await server.call('SendMessage', { QueueUrl, MessageBody: 'y' });
  expect(types()).toEqual(['store-lost', 'store-restore-failed', 'store-restored']);
  await server.stop('SIGKILL');
  expect(await server.drain(path, QueueUrl)).toEqual(new Set(['x', 'y']));
});

test('an orderly end writes a deleted store back, too', async () => {
  await startWithQueue();
  await server.call('SendMessage', { QueueUrl, MessageBody: 'x' });
  for (const suffix of ['', '-wal']) rmSync(path + suffix);
  await server.stop('SIGTERM');
  expect(await server.drain(path, QueueUrl)).toEqual(new Set(['x']));
});

test('a damaged store is quarantined at the start, and what can be read is there', async () => {
  await startWithQueue();
  for (let batch = 0; batch < 100; batch++) {
    const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: `${i}`, MessageBody: `${batch} ${i} `.repeat(40) }));
    await server.call('SendMessageBatch', { QueueUrl, Entries });
  }
  await server.stop('SIGTERM');
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 30 * 4096, 31 * 4096);
  writeFileSync(path, bytes);
  const found = await server.drain(path, QueueUrl);
  expect(found.size).toBeGreaterThan(980);
  expect(types()).toEqual(['database-quarantined']);
  expect(await ready()).toEqual([200, { status: 'ready', quarantined: [`${path}.damaged`] }]);
  expect(statSync(`${path}.damaged`).size).toBeGreaterThanOrEqual(bytes.length);
});

test('an emptied store is quarantined at the start, and what its log has is there', async () => {
  await startWithQueue();
  await server.call('SendMessage', { QueueUrl, MessageBody: 'x' });
  await server.stop('SIGKILL');
  truncateSync(path);
  expect(await server.drain(path, QueueUrl)).toEqual(new Set(['x']));
  expect(server.events).toMatchObject([{ type: 'database-quarantined', problem: 'the file is empty' }]);
});

test('on a full disk messages are given out and deleted, and none are taken', async (context) => {
  if (!canMount()) context.skip(NEEDS_MOUNT);
  const folder = join(path, '..');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
  try {
    await startWithQueue({ VisibilityTimeout: '600' });
    const { acknowledged, refusals, stop } = load('x'.repeat(1_000));
    await until('a full store', () => types().includes('store-full'));
    await stop();
    fillDisk(join(folder, 'other'));
    expect(refusals.at(-1)).toMatch(/^503 .*ServiceUnavailable.*is full/);
    expect(await ready()).toMatchObject([503, { code: 'QUEUE_STORE_FULL' }]);
    const bodies = new Set<string>();
    for (;;) {
      const { Messages = [] } = await server.call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
      if (Messages.length === 0) break;
      for (const { Body } of Messages) bodies.add(Body);
      const Entries = Messages.map(({ ReceiptHandle }: Received, i: number) => ({ Id: `${i}`, ReceiptHandle }));
      await server.call('DeleteMessageBatch', { QueueUrl, Entries });
    }
    expect([...acknowledged].filter((body) => !bodies.has(body))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(100);
    await server.stop('SIGKILL');
    // What was deleted stays deleted.
    expect(await server.drain(path, QueueUrl)).toEqual(new Set());
    rmSync(join(folder, 'other'));
    await until('room', async () => (await ready())[0] === 200);
    await server.call('SendMessage', { QueueUrl, MessageBody: 'again' });
  } finally {
    await server.stop();
    execFileSync('umount', ['-l', folder]);
  }
});

test('with a clock that is set five days ahead nothing expires', async (context) => {
  if (faketimeMissing !== undefined) context.skip(faketimeMissing);
  const clock = new FakeClock(join(path, '..'));
  await startWithQueue({ MessageRetentionPeriod: '3600' }, clock.env);
  for (let i = 0; i < 50; i++) await server.call('SendMessage', { QueueUrl, MessageBody: `${i}` });
  clock.set('+5d');
  await until('the step', () => types().includes('clock-stepped'));
  // Expired messages are looked for every 10 s.
  await sleep(11_000);
  const { Attributes } = await server.call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
  expect(Attributes.ApproximateNumberOfMessages).toBe('50');
  await server.stop('SIGKILL');
  expect((await server.drain(path, QueueUrl)).size).toBe(50);
});

test('with a clock that is set an hour back messages in flight come back in time, also after a kill', async (context) => {
  if (faketimeMissing !== undefined) context.skip(faketimeMissing);
  const clock = new FakeClock(join(path, '..'));
  await startWithQueue({ VisibilityTimeout: '3' }, clock.env);
  const receive = async () => {
    const input = { QueueUrl, WaitTimeSeconds: 6, MessageSystemAttributeNames: ['SentTimestamp'] };
    return (await server.call('ReceiveMessage', input)).Messages?.[0];
  };
  await server.call('SendMessage', { QueueUrl, MessageBody: 'x' });
  await receive();
  clock.set('-1h');
  expect(await receive()).toMatchObject({ Body: 'x' });
  await sleep(1_500);
  await server.stop('SIGKILL');
  clock.set('-2h');
  await server.start(path, clock.env);
  expect(await receive()).toMatchObject({ Body: 'x' });
  // Receivers are shown the wall clock.
  await server.call('PurgeQueue', { QueueUrl });
  await server.call('SendMessage', { QueueUrl, MessageBody: 'y' });
  const { Attributes } = await receive();
  expect(Number(Attributes.SentTimestamp)).toBeLessThan(Date.now() - 7_000_000);
});
