/** What the store does with its file by itself: the reserve, the check in the background, and shrinking on a full disk. */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DiskReserve } from '../../lib/fs/disk-reserve.js';
import { openSqlite } from '../../lib/sqlite/driver.js';
import { callSqs, urlOf } from '../../test/support/sqs-caller.js';
import { createQueueServer } from '../sqs-server.js';
import { QueueStore, type StoreEvent } from './queue-store.js';

let folder: string;
let path: string;
let events: StoreEvent[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'queue-store-'));
  path = join(folder, 'queue.db');
  events = [];
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const open = () => new QueueStore(path, {}, (event) => events.push(event));
const types = () => events.map(({ type }) => type);

test('where the disk has room the reserve is taken when the first answers are out, else at once', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const pressing = vi.spyOn(DiskReserve.prototype, 'isPressing', 'get').mockReturnValue(false);
  const store = open();
  store.watch();
  expect(existsSync(`${path}.reserve`)).toBe(false);
  vi.advanceTimersByTime(5_000);
  store.watch();
  expect(statSync(`${path}.reserve`).size).toBeGreaterThan(0);
  store.close();
  rmSync(`${path}.reserve`);
  pressing.mockReturnValue(true);
  open().close();
  expect(existsSync(`${path}.reserve`)).toBe(true);
});

function fullDisk(): unknown {
  const database = openSqlite(':memory:');
  database.exec('PRAGMA max_page_count = 1');
  try {
    database.exec('CREATE TABLE t (a)');
  } catch (error) {
    return error;
  }
  throw new Error('there was room');
}

/** A table of about a thousand pages. */
function fill(store: QueueStore): void {
  store.database.exec('CREATE TABLE filler (id INTEGER PRIMARY KEY, text TEXT)');
  const rows = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)';
  store.database.exec(`INSERT INTO filler ${rows} SELECT i, hex(randomblob(2000)) FROM n`);
}

test.each([
  ['most of which is free gives its pages back', 900, true],
  ['that is in use stays as it is', 100, false],
])('on a full disk a store %s', (_, deleted, shrinks) => {
  const store = open();
  fill(store);
  store.database.exec(`DELETE FROM filler WHERE id <= ${deleted}; PRAGMA wal_checkpoint(TRUNCATE)`);
  const before = statSync(path).size;
  store.failed(fullDisk());
  vi.spyOn(DiskReserve.prototype, 'take').mockReturnValueOnce(false).mockReturnValueOnce(shrinks).mockReturnValue(true);
  store.watch();
  expect(types()).toEqual(shrinks ? ['store-full', 'store-writable'] : ['store-full']);
  if (shrinks) expect(statSync(path).size).toBeLessThan(before / 2);
  else expect(statSync(path).size).toBe(before);
  expect(store.database.prepare('SELECT count(*) AS count FROM filler').get()).toMatchObject({
    count: 1000 - deleted,
  });
  store.close();
});

test('damage is found in the background, without anybody reading it: what can be read is salvaged', async () => {
  const first = open();
  fill(first);
  first.close();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const server = createQueueServer({ path, onEvent: (event) => events.push(event as StoreEvent), warn: () => {} });
  await callSqs(server, 'CreateQueue', { QueueName: 'q' });
  const file = openSync(path, 'r+');
  for (let page = 500; page < 510; page++) writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
  closeSync(file);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(types()).toEqual(['store-lost', 'store-restored']);
  expect(server.stats().store).toEqual({ status: 'ready', quarantined: [`${path}.damaged`] });
  await callSqs(server, 'SendMessage', { QueueUrl: urlOf('q'), MessageBody: 'x' });
  expect(server.stats().queues[0]).toMatchObject({ name: 'q', visible: 1 });
  server.close();
});
