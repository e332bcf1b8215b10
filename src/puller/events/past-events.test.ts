import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Reading } from '../../protocol/message.js';
import { SqliteStore } from '../../store/sqlite/sqlite-store.js';
import type { Delivery } from '../delivery.js';
import { type PastEvents, pastEvents, pastOfAll } from './past-events.js';

let folder: string;
let store: SqliteStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'past-events-'));
  store = new SqliteStore(join(folder, 'readings.db'));
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const reading = (sequence: number, receivedAt: number): Delivery => {
  const taken: Reading = {
    ...{ job_id: 'j', execution_id: 'e', hostname: 'h', icon_name: '', color: '', region: 'eu', sequence },
    ...{ timestamp: String(sequence), job_submission_time: 1 },
  };
  return { id: `r${sequence}`, body: '', message: {}, reading: taken, config: undefined, receivedAt };
};
const message = (n: number, receivedAt: number): Delivery => {
  return {
    id: `m${n}`,
    body: JSON.stringify({ n }),
    message: { n },
    reading: undefined,
    config: undefined,
    receivedAt,
  };
};

/** Everything, page by page: `r` and `m` with their numbers. */
async function pagesOf(opened: Promise<PastEvents>): Promise<string[][]> {
  const past = await opened;
  const pages: string[][] = [];
  for (;;) {
    const page = await past();
    if (page.length === 0) return pages;
    pages.push(page.map((e) => (e.event === 'reading' ? `r${e.reading.sequence}` : `m${e.message.n}`)));
  }
}

test('readings and messages come in the order of arrival, each once, in pages of both', async () => {
  const all: Delivery[] = [];
  for (let n = 1; n <= 1200; n++) {
    all.push(reading(n, n * 10));
    if (n % 20 === 0) all.push(message(n, n * 10 + 5));
  }
  store.append(all);
  const pages = await pagesOf(pastEvents(store, 0, undefined));
  expect(pages.flat()).toEqual(all.map(({ id }) => id));
  expect(Math.max(...pages.map(({ length }) => length))).toBeLessThanOrEqual(1000);
});

test('many messages of one millisecond come once each', async () => {
  const all = Array.from({ length: 100 }, (_, n) => message(n, 7));
  store.append(all);
  expect((await pagesOf(pastEvents(store, 7, new Set(['message'])))).flat()).toEqual(all.map(({ id }) => id));
  expect(await pagesOf(pastEvents(store, 8, new Set(['message'])))).toEqual([]);
});

test('a page of large messages has few of them', async () => {
  const body = JSON.stringify({ n: 'x'.repeat(100_000) });
  store.append(Array.from({ length: 7 }, (_, n) => ({ ...message(n, n), body })));
  expect((await pagesOf(pastEvents(store, 0, undefined))).map(({ length }) => length)).toEqual([3, 3, 1]);
});

test('what is stored meanwhile comes, too', async () => {
  store.append([reading(1, 1)]);
  const past = await pastEvents(store, 0, undefined);
  expect(await past()).toHaveLength(1);
  store.append([reading(2, 2), message(1, 2)]);
  expect(await past()).toHaveLength(2);
  expect(await past()).toEqual([]);
});

test('a clock that was set back leaves nothing out', async () => {
  const at = (n: number) => (n <= 600 ? 1_000_000 + n : n);
  const all = Array.from({ length: 1200 }, (_, n) => reading(n + 1, at(n + 1)));
  store.append(all);
  store.append(Array.from({ length: 40 }, (_, n) => message(n, 500 + n)));
  const found = (await pagesOf(pastEvents(store, 0, undefined))).flat();
  expect(found.toSorted()).toEqual(
    [...all.map(({ id }) => id), ...Array.from({ length: 40 }, (_, n) => `m${n}`)].sort(),
  );
});

test('a replay begins at most 100,000 readings before the newest', async () => {
  const positionAt = vi.spyOn(store, 'positionAt');
  await pastEvents(store, 7, undefined);
  expect(positionAt.mock.calls).toEqual([[7, 100_000]]);
});

test('what came to several shards comes in the order of arrival, each once, however long the pages of each are', async () => {
  const event = (at: number) => ({ event: 'message', message: { at }, received_at: at }) as const;
  const shard = (...pages: number[][]): PastEvents => {
    const rest = pages.map((page) => page.map(event));
    return async () => rest.shift() ?? [];
  };
  const past = pastOfAll([shard([1, 4, 9], [10]), shard([2, 3], [5, 30], [31]), shard(), shard([7, 6])]);
  const pages: number[][] = [];
  for (let page = await past(); page.length > 0; page = await past()) pages.push(page.map((one) => one.received_at));
  expect(pages.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 9, 10, 30, 31]);
});
