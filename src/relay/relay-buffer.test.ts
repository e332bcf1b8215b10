/** What a relay keeps: across restarts, in order, up to its limit, and on a disk that is full or loses the file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StoreEvent } from '../sqs-server/store/queue-store.js';
import { RelayBuffer } from './relay-buffer.js';

let folder: string;
let path: string;
let events: StoreEvent['type'][];
let buffer: RelayBuffer;

const open = (maxBytes = 1e9) => {
  buffer = new RelayBuffer(path, maxBytes, ({ type }) => events.push(type));
};
const bodies = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ body: `{"n":${from + i}}` }));
const kept = () => buffer.read(0, Number.MAX_SAFE_INTEGER, 1e9).map(({ text }) => JSON.parse(text).n);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relay-buffer-'));
  path = join(folder, 'relay.db');
  events = [];
  open();
});
afterEach(() => {
  buffer.close();
  rmSync(folder, { recursive: true });
});

test('what was taken is there after a restart, in order, with what its sensor reported', async () => {
  await buffer.send([{ body: '{"n":1}', attributes: { sensor_config: 'v=1;…' } }, ...bodies(2, 2)]);
  buffer.close();
  open();
  expect(buffer.read(0, 10, 1e9)).toEqual([
    { id: 1, text: '{"n":1}', reported: 'v=1;…' },
    { id: 2, text: '{"n":2}', reported: undefined },
    { id: 3, text: '{"n":3}', reported: undefined },
  ]);
  expect([buffer.count, await buffer.depth()]).toEqual([3, { visible: 3, inFlight: 0, delayed: 0 }]);
});

test('numbers are not used again in a run, so that no lane has passed a reading before it came', async () => {
  await buffer.send(bodies(1, 3));
  buffer.remove([1, 2, 3]);
  await buffer.send(bodies(4, 1));
  expect(buffer.read(3, 10, 1e9).map(({ id }) => id)).toEqual([4]);
  expect(buffer.count).toBe(1);
});

test('a read has as many readings as fit, and at least one', async () => {
  await buffer.send(bodies(1, 5));
  expect(buffer.read(0, 10, 14).map(({ id }) => id)).toEqual([1, 2]);
  expect(buffer.read(2, 10, 1).map(({ id }) => id)).toEqual([3]);
  expect(buffer.read(3, 4, 1e9).map(({ id }) => id)).toEqual([4]);
});

test('a full relay refuses the newest and keeps the oldest, until some are forwarded', async () => {
  buffer.close();
  open(200_000);
  const large = (n: number) => [{ body: `{"n":${n},"x":"${'x'.repeat(50_000)}"}` }];
  for (let n = 1; n <= 3; n++) await buffer.send(large(n));
  await expect(buffer.send(large(4))).rejects.toMatchObject({ code: 'RELAY_FULL' });
  expect(kept()).toEqual([1, 2, 3]);
  buffer.remove([1, 2]);
  await buffer.nextCommit();
  await buffer.send(large(5));
  expect(kept()).toEqual([3, 5]);
});

test('a file that is deleted under the relay loses nothing', async () => {
  await buffer.send(bodies(1, 3));
  rmSync(path);
  await expect(buffer.send(bodies(4, 1))).rejects.toMatchObject({ code: 'QUEUE_STORE_LOST' });
  await buffer.send(bodies(5, 1));
  buffer.close();
  open();
  // The one that was refused may be there: its sensor sends it again.
  expect(kept()).toEqual(expect.arrayContaining([1, 2, 3, 5]));
  expect(events).toEqual(['store-lost', 'store-restored']);
});
