/** Stores that an earlier version wrote are opened by this one, with everything in them. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openSqlite } from '../../lib/sqlite/driver.js';
import { createPuller } from '../../puller/puller.js';
import type { Queue } from '../../queue/queue.js';
import { createQueueServer, type QueueServer } from '../../sqs-server/sqs-server.js';
import { SqliteStore } from '../../store/sqlite/sqlite-store.js';
import { countReadings } from '../support/store-of-readings.js';
import { HELD_CLOCK } from '../support/test-clock.js';
import { toJson } from './normalize.js';

const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));
const recorded = (name: string) => `./recorded/old-files/${name}`;

/** When the files were written. */
const T0 = 1_750_000_000_000;
const seconds = (count: number) => T0 + count * 1000;

let folder: string;
let server: QueueServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-kept-'));
  // Timers stay: only what is written into and read from files depends on the time.
  vi.useFakeTimers({ now: seconds(30), toFake: ['Date'] });
});

afterEach(() => {
  server?.close();
  server = undefined;
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function copy(name: string): string {
  const path = join(folder, name);
  copyFileSync(join(FIXTURES, name), path);
  return path;
}

const urlOf = (queue: string) => `http://queue:9324/000000000000/${queue}`;

async function call(action: string, input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const headers = { 'x-amz-target': `AmazonSQS.${action}`, host: 'queue:9324' };
  const init = { method: 'POST', headers, body: JSON.stringify(input) };
  const response = await server!.app.request('http://queue:9324/', init);
  const text = await response.text();
  return { ...(response.status === 200 ? {} : { status: response.status }), ...JSON.parse(text || '{}') };
}

/** Everything that can be received now; it stays in flight. */
async function receiveAll(queue: string): Promise<unknown[]> {
  const all: unknown[] = [];
  for (;;) {
    const { Messages = [] } = await call('ReceiveMessage', {
      ...{ QueueUrl: urlOf(queue), MaxNumberOfMessages: 10, VisibilityTimeout: 43_200 },
      ...{ MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] },
    });
    if ((Messages as unknown[]).length === 0) break;
    all.push(...(Messages as unknown[]));
  }
  // What was moved to the dead letters meanwhile is there after the commit, for which this answer waits.
  await call('TagQueue', { QueueUrl: urlOf(queue), Tags: { committed: 'yes' } });
  return all;
}

describe('the store of the queue server', () => {
  test('queues, their attributes, tags and sources', async () => {
    server = createQueueServer({ path: copy('queue.db'), clock: HELD_CLOCK });
    const { QueueUrls } = await call('ListQueues', {});
    const queues: Record<string, unknown> = {};
    for (const QueueUrl of QueueUrls as string[]) {
      queues[QueueUrl] = {
        ...(await call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })),
        ...(await call('ListQueueTags', { QueueUrl })),
        ...(await call('ListDeadLetterSourceQueues', { QueueUrl })),
      };
    }
    const found = { queues, stats: server.stats().queues };
    await expect(toJson(found)).toMatchFileSnapshot(recorded('kept-queues.json'));
  });

  test('messages, as their times come', async () => {
    server = createQueueServer({ path: copy('queue.db'), clock: HELD_CLOCK });
    const found: Record<string, unknown> = {};
    for (const at of [30, 103, 133, 621, 921]) {
      vi.setSystemTime(seconds(at));
      for (const queue of ['dead', 'empty', 'readings', 'slow'])
        found[`${queue} after ${at} s`] = await receiveAll(queue);
    }
    await expect(toJson(found)).toMatchFileSnapshot(recorded('kept-messages.json'));
    expect(server.stats().queues.map(({ visible, delayed }) => visible + delayed)).toEqual([0, 0, 0, 0]);
  });

  test('receipts that were given out before still delete, also one of an earlier delivery', async () => {
    server = createQueueServer({ path: copy('queue.db'), clock: HELD_CLOCK });
    const idOf = { twice: 'c2928934-43d9-40ef-be78-c813abaa26e5', once: '43d2ed8a-c846-4fd1-a44d-0478eeede833' };
    const handle = { once: `2.1750000012000000.1.${idOf.once}`, twice: `2.1750000010000000.1.${idOf.twice}` };
    const QueueUrl = urlOf('readings');
    await call('DeleteMessage', { QueueUrl, ReceiptHandle: handle.once });
    await call('DeleteMessage', { QueueUrl, ReceiptHandle: handle.twice });
    vi.setSystemTime(seconds(200));
    const bodies = ((await receiveAll('readings')) as { Body: string }[]).map(({ Body }) => Body);
    const dead = ((await receiveAll('dead')) as { Body: string }[]).map(({ Body }) => Body);
    expect(bodies.map((body) => body.slice(0, 10))).toEqual(['{"job_id":', 'all kinds ', 'xxxxxxxxxx']);
    expect(dead).toEqual(['given up']);
  });

  test('a receipt from before a restart does not fit a message that is sent after it', async () => {
    const path = join(folder, 'new.db');
    const QueueUrl = urlOf('q');
    const sendAndReceive = async (MessageBody: string) => {
      await call('SendMessage', { QueueUrl, MessageBody });
      const { Messages } = await call('ReceiveMessage', { QueueUrl });
      return (Messages as { ReceiptHandle: string }[])[0]!.ReceiptHandle;
    };
    server = createQueueServer({ path, clock: HELD_CLOCK });
    await call('CreateQueue', { QueueName: 'q' });
    const old = await sendAndReceive('old');
    await call('DeleteMessage', { QueueUrl, ReceiptHandle: old });
    server.close();
    server = createQueueServer({ path, clock: HELD_CLOCK });
    vi.setSystemTime(seconds(31));
    await sendAndReceive('new');
    await call('DeleteMessage', { QueueUrl, ReceiptHandle: old });
    expect(server.stats().queues).toMatchObject([{ inFlight: 1 }]);
  });

  test('messages past their retention are not given out', async () => {
    server = createQueueServer({ path: copy('queue.db'), clock: HELD_CLOCK });
    vi.setSystemTime(seconds(15 * 86_400));
    for (const queue of ['dead', 'readings', 'slow']) expect(await receiveAll(queue)).toEqual([]);
  });

  test('a store of a newer version is refused, and left as it is', async () => {
    const path = copy('queue.db');
    const database = openSqlite(path);
    database.exec('pragma user_version = 2');
    database.close();
    expect(() => createQueueServer({ path })).toThrow(
      expect.objectContaining({ code: 'QUEUE_STORE_UNUSABLE', message: expect.stringMatching(/newer version/) }),
    );
  });

  test('FIFO queues, which are no longer supported, stay in the file and are not offered', async () => {
    const path = copy('queue-fifo.db');
    const rowsOf = (table: string) => {
      const database = openSqlite(path);
      const rows = database.prepare(`select * from ${table}`).all();
      database.close();
      return rows;
    };
    const tables = ['queues', 'messages_1', 'deduplication'];
    const before = tables.map(rowsOf);
    const warn = vi.fn();
    server = createQueueServer({ path, warn });
    expect(await call('ListQueues', {})).toEqual({});
    expect(await call('GetQueueUrl', { QueueName: 'f.fifo' })).toMatchObject({ status: 400 });
    await call('CreateQueue', { QueueName: 'readings' });
    await call('DeleteQueue', { QueueUrl: urlOf('readings') });
    server.close();
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/FIFO queues are not supported; not offered: f\.fifo\./)]]);
    expect(tables.map(rowsOf)).toEqual(before);
    expect(before.map(({ length }) => length > 0)).toEqual([true, true, true]);
  });
});

describe('the store of the puller', () => {
  test('readings, messages and the checkpoint', async () => {
    const store = new SqliteStore(copy('readings.db'));
    try {
      const { fleet, after } = store.loadCheckpoint();
      const found = {
        readings: store.readingsAfter(0, 100),
        messages: [...store.messagesAfter({ receivedAt: 0, id: 0 }, 100)].map(({ message, receivedAt }) => ({
          message,
          receivedAt,
        })),
        checkpoint: fleet,
        after: [...after].map(({ id }) => id),
      };
      await expect(toJson(found)).toMatchFileSnapshot(recorded('kept-readings.json'));
      expect([countReadings(store), found.readings.length]).toEqual([7, 7]);
    } finally {
      store.close();
    }
  });

  test('the fleet as the puller serves it', async () => {
    vi.setSystemTime(seconds(61));
    const service = await createPuller({
      queues: [{ name: 'q' } as Queue],
      pollers: 1,
      sinks: {
        store: {
          path: copy('readings.db'),
          retentionMs: { readings: 86_400_000, minutes: 86_400_000, hours: 86_400_000 },
        },
      },
      http: { page: new Hono(), log: console.error },
      onEvent: () => {},
    });
    const answer = await (await service.app.request('/fleet')).json();
    await service.stop();
    await expect(toJson(answer)).toMatchFileSnapshot(recorded('kept-fleet.json'));
  });

  test('new readings go behind the kept ones, and kept ones are not stored twice', async () => {
    const store = new SqliteStore(copy('readings.db'));
    try {
      const [first] = store.readingsAfter(0, 100);
      const again = { ...first!.reading };
      const delivery = (reading: typeof again, id: string) => ({
        ...{ id, body: JSON.stringify(reading), message: { ...reading }, reading, config: undefined },
        receivedAt: seconds(70),
      });
      store.append([delivery(again, 'a'), delivery({ ...again, sequence: 6 }, 'b')]);
      expect(store.readingsAfter(0, 100).map(({ id, reading }) => [id, reading.sequence])).toEqual([
        ...[
          [1, 1],
          [2, 2],
          [3, 4],
          [4, 1],
          [5, 3],
          [6, 5],
          [7, 1],
        ],
        [expect.any(Number), 6],
      ]);
    } finally {
      store.close();
    }
  });
});
