/** What an operator does with a queue, before the queue server: through the SDK, and without it. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Listener, listen } from '../../lib/net/http-server.js';
import { parseDeliveries } from '../../puller/delivery.js';
import { FailureReporter } from '../../puller/failure-reporter.js';
import { Pipeline } from '../../puller/pipeline.js';
import type { AdminQueue, Queue } from '../../queue/queue.js';
import { openSqsQueue } from '../../queue/sqs-queue.js';
import { createQueueServer, type QueueServer } from '../../sqs-server/sqs-server.js';
import { SqliteStore } from '../../store/sqlite/sqlite-store.js';
import { arnOf, callSqs, urlOf } from '../../test/support/sqs-caller.js';
import { countReadings } from '../../test/support/store-of-readings.js';
import { listDeadLetters, peekQueue, purgeQueue, readQueueStatus } from './inspect-queue.js';
import { replayAll, replayOnly } from './replay-dead-letters.js';

let server: QueueServer;
let listener: Listener;
/** What the server answers instead, by action. */
const answers = new Map<string, () => Response>();
const opened: { close(): void }[] = [];

beforeEach(async () => {
  server = createQueueServer({ path: ':memory:' });
  await callSqs(server, 'CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 2 });
  await callSqs(server, 'CreateQueue', { QueueName: 'main', Attributes: { RedrivePolicy } });
  await callSqs(server, 'CreateQueue', { QueueName: 'alone' });
  const fetch = async (request: Request) => {
    if (request.method === 'GET') return server.app.fetch(request);
    const action = request.headers.get('x-amz-target')?.split('.')[1] ?? '';
    return answers.get(action)?.() ?? server.app.fetch(await withoutWaiting(request));
  };
  listener = await listen({ fetch, host: '127.0.0.1', port: 0, purpose: 'queue', flag: '' });
});

/** An empty queue answers at once: nothing comes while these tests wait. */
async function withoutWaiting(request: Request): Promise<Request> {
  const body = JSON.stringify({ ...((await request.json()) as object), WaitTimeSeconds: undefined });
  const headers = new Headers(request.headers);
  headers.set('content-length', String(Buffer.byteLength(body)));
  return new Request(request.url, { method: 'POST', headers, body });
}

afterEach(async () => {
  answers.clear();
  for (const queue of opened.splice(0)) queue.close();
  server.close();
  await listener.close(0);
});

const send = async (to: string, MessageBody: string, MessageAttributes: object = {}): Promise<string> =>
  (await callSqs(server, 'SendMessage', { QueueUrl: urlOf(to), MessageBody, MessageAttributes })).MessageId;
const notOffered = () =>
  Response.json({ __type: 'com.amazonaws.sqs#UnsupportedOperation', message: 'no' }, { status: 400 });
const string = (StringValue: string) => ({ DataType: 'String', StringValue });
const because = (reason: string) => ({ dead_letter_reason: string(reason) });
const receive = async (from: string) => {
  const input = { QueueUrl: urlOf(from), MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
  return ((await callSqs(server, 'ReceiveMessage', input)).Messages ?? []) as {
    Body: string;
    MessageAttributes?: Record<string, object>;
  }[];
};
const bodies = async (from: string) => (await receive(from)).map(({ Body }) => Body);
const reading = (sequence: number) =>
  JSON.stringify({ execution_id: 'e', sequence, region: 'eu', hostname: 'h', timestamp: '2026-01-01T00:00:00.000Z' });
const list = async (queue: AdminQueue, limit = 100) => (await listDeadLetters(queue, limit)).deadLetters;
const quiet = () => {};

describe.each([
  ['through the SDK', { credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }],
  ['unsigned', { unsigned: true }],
])('%s', (_, how) => {
  const open = async (queue = 'main'): Promise<AdminQueue> => {
    const found = await openSqsQueue({ queue, endpoint: listener.url, ...how });
    opened.push(found);
    return found;
  };

  test('the status tells the depth of both queues', async () => {
    await send('main', '1');
    await send('main', '2');
    await send('dead', 'x');
    await receive('dead');
    expect(await readQueueStatus(await open())).toMatchObject({
      ...{ url: expect.stringMatching(/main$/), visible: 2, inFlight: 0, delayed: 0 },
      deadLetters: { url: expect.stringMatching(/dead$/), visible: 0, inFlight: 1 },
    });
    expect(await readQueueStatus(await open('alone'))).not.toHaveProperty('deadLetters');
    // SQS has no action that tells the age: only this server does.
    expect(await (await open()).oldestAge()).toEqual('unsigned' in how ? expect.any(Number) : undefined);
    expect(await (await open('alone')).oldestAge()).toBeUndefined();
  });

  test('whoever peeks gives the messages back at once', async () => {
    const id = await send('main', 'x', { a: string('1') });
    const { messages: peeked } = await peekQueue(await open(), 5);
    expect(peeked).toEqual([{ id, body: 'x', attributes: { a: '1' }, receiveCount: 1, sentAt: expect.any(Number) }]);
    expect(await bodies('main')).toEqual(['x']);
  });

  test('no more is looked at than asked for', async () => {
    for (let i = 0; i < 13; i++) await send('main', `${i}`);
    expect((await peekQueue(await open(), 11)).messages).toHaveLength(11);
    expect(await bodies('main')).toHaveLength(10);
  });

  test('a dead letter has its reason and its sensor; those of the queue itself were delivered too often', async () => {
    await send('dead', reading(1), because('no good'));
    // Its reason is of an earlier time, before a replay.
    await send('main', 'often', because('no good'));
    for (let i = 0; i < 3; i++) await peekQueue(await open(), 1);
    await send('dead', 'by hand');
    const queue = await open();
    const found = await list(queue);
    expect(
      found.map(({ body, reason, exhausted, region, hostname }) => [body, reason, exhausted, region, hostname]),
    ).toEqual([
      [reading(1), 'no good', false, 'eu', 'h'],
      ['often', undefined, true, undefined, undefined],
      ['by hand', undefined, false, undefined, undefined],
    ]);
    // It can be done again.
    expect(await list(queue)).toHaveLength(3);
    await expect(listDeadLetters(await open('alone'), 1)).rejects.toMatchObject({ code: 'QUEUE_NO_DEAD_LETTER' });
  });

  test('a dead letter goes back as it was, with attributes of every type, and only the ones that are named', async () => {
    const bytes = { DataType: 'Binary', BinaryValue: 'AQI=' };
    const id = await send('dead', 'x', { ...because('no good'), a: string('1'), bytes });
    await send('dead', 'other');
    expect(await replayOnly(await open(), [id], quiet)).toEqual({ replayed: 1 });
    const [message] = await receive('main');
    expect(message).toMatchObject({ Body: 'x', MessageAttributes: { a: string('1'), bytes, replay_of: string(id) } });
    expect(message?.MessageAttributes).not.toHaveProperty('dead_letter_reason');
    expect(await bodies('dead')).toEqual(['other']);
  });

  test('an id that is unknown is named, after the others were replayed', async () => {
    const id = await send('dead', 'x');
    await expect(replayOnly(await open(), [id, 'nobody'], quiet)).rejects.toMatchObject({
      ...{ code: 'NO_SUCH_DEAD_LETTER', exitCode: 1, message: 'no dead letter has the id nobody' },
      details: [`${id} was replayed`],
    });
    expect([await bodies('main'), await bodies('dead')]).toEqual([['x'], []]);
  });

  test('all go back, each sent before it is deleted', async () => {
    for (let i = 0; i < 25; i++) await send('dead', `${i}`);
    const progress: number[] = [];
    expect(await replayAll(await open(), (count) => progress.push(count))).toEqual({ replayed: 25 });
    expect(progress).toEqual([10, 20, 25]);
    expect(server.stats().queues.map(({ name, visible, inFlight }) => [name, visible + inFlight])).toContainEqual([
      'main',
      25,
    ]);
    await expect(replayAll(await open('alone'), quiet)).rejects.toMatchObject({ code: 'QUEUE_NO_DEAD_LETTER' });
  });

  test('purging asks first; the main queue and its dead letters are apart', async () => {
    await send('main', 'm');
    await send('dead', 'd');
    const queue = await open();
    const asked: unknown[] = [];
    const confirm =
      (answer: boolean) =>
      async (...question: unknown[]) => {
        asked.push(question);
        return answer;
      };
    expect(await purgeQueue(queue, { deadLetters: true, confirm: confirm(false) })).toMatchObject({ purged: false });
    expect(await purgeQueue(queue, { deadLetters: true, confirm: confirm(true) })).toMatchObject({
      messages: 1,
      purged: true,
    });
    expect(asked).toEqual([
      [expect.stringMatching(/dead$/), 1],
      [expect.stringMatching(/dead$/), 1],
    ]);
    expect([await bodies('dead'), await bodies('main')]).toEqual([[], ['m']]);
    await expect(purgeQueue(queue, { deadLetters: true, confirm: confirm(true) })).rejects.toMatchObject({
      ...{ code: 'QUEUE_PURGED_RECENTLY', exitCode: 1, hint: expect.stringContaining('minute') },
    });
  });
});

const unsigned = async () => {
  const queue = await openSqsQueue({ queue: 'main', endpoint: listener.url, unsigned: true });
  opened.push(queue);
  return queue;
};

test('a replay that ends between sending and deleting loses nothing, and the store keeps one of each', async () => {
  const bad = await send('dead', 'x');
  const ids = [await send('dead', reading(1)), await send('dead', '{"other":1}')];
  answers.set('DeleteMessageBatch', notOffered);
  await expect(replayOnly(await unsigned(), ids, quiet)).rejects.toMatchObject({ code: 'QUEUE_ERROR' });
  answers.clear();
  const again = await unsigned();
  const left = (await list(again)).map(({ id }) => id);
  expect(left.sort()).toEqual([bad, ...ids].sort());
  await replayOnly(again, ids, quiet);
  const store = new SqliteStore(':memory:');
  const queue: Queue = await openSqsQueue({ queue: 'main', endpoint: listener.url, unsigned: true });
  opened.push(queue);
  const received = await queue.receive({ waitSeconds: 0 });
  expect(received).toHaveLength(4);
  store.append(received.flatMap((message) => parseDeliveries(message, Date.now()).deliveries));
  expect([countReadings(store), [...store.messagesAfter(store.positionAt(0, 10).message, 10)].length]).toEqual([1, 1]);
  store.close();
});

test('a replayed message that is rejected again is not replayed for ever', async () => {
  await send('dead', 'still no JSON');
  const queue = await openSqsQueue({ queue: 'main', endpoint: listener.url, unsigned: true });
  opened.push(queue);
  const puller = new Pipeline({
    queue,
    store: undefined,
    onStored: quiet,
    onEvent: quiet,
    failures: new FailureReporter(quiet),
    waitSeconds: 1,
  });
  puller.start();
  try {
    expect(await replayAll(await unsigned(), quiet)).toEqual({ replayed: 1 });
    await vi.waitUntil(() => puller.stats.deadLettered === 1);
    expect(await list(await unsigned())).toMatchObject([{ reason: 'the body is not JSON' }]);
  } finally {
    await puller.stop();
  }
});
