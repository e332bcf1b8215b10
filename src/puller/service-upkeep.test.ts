import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Reading } from '../protocol/message.js';
import type { Queue } from '../queue/queue.js';
import type { FleetSnapshot } from './puller-app.js';
import { createPullerService, type PullerService } from './puller-service.js';
import { StoreSink } from './sinks/readings-store.js';
import type { Delivery } from './sinks/sink.js';

// What a puller does by itself, in time that passes only when it is told to.
const T0 = 1_750_000_000_000;
const HOUR = 3_600_000;
const queue = {
  name: 'silent',
  receive: ({ signal }: { signal: AbortSignal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
} as unknown as Queue;

let folder: string;
let path: string;
let service: PullerService | undefined;
let said: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'], now: T0 });
  folder = mkdtempSync(join(tmpdir(), 'service-upkeep-'));
  path = join(folder, 'readings.db');
  said = [];
});

afterEach(async () => {
  vi.restoreAllMocks();
  await service?.stop();
  service = undefined;
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** What an earlier puller has stored: a reading of each name, so many milliseconds ago. */
function stored(ages: Record<string, number>): void {
  const deliveries = Object.entries(ages).map(([name, age]): Delivery => {
    const reading: Reading = {
      ...{ job_id: 'j', execution_id: name, hostname: name, icon_name: '', color: '', region: 'eu', sequence: 1 },
      ...{ timestamp: new Date(T0 - age).toISOString(), job_submission_time: 1 },
    };
    return { id: name, body: '', message: {}, reading, config: undefined, receivedAt: T0 - age };
  });
  const store = new StoreSink(path);
  store.accept(deliveries);
  store.close();
}

function start(retentionMs = HOUR, of = queue): PullerService {
  service = createPullerService({
    ...{ queue: of, storePath: path, retentionMs, log: undefined, alert: undefined, pollers: 1 },
    ...{ page: new Hono(), hosts: undefined, say: (text: string) => said.push(text) },
  });
  service.start();
  return service;
}

/** Looks into the store beside the puller. */
function look<T>(at: (store: StoreSink) => T): T {
  const store = new StoreSink(path);
  try {
    return at(store);
  } finally {
    store.close();
  }
}
const names = () => look((store) => store.readingsSince(0, 100).map(({ reading }) => reading.hostname));

test('readings are kept for as long as they shall be, and looked through every second', () => {
  stored({ old: HOUR - 500, young: HOUR - 1500, newest: 0 });
  start();
  vi.advanceTimersByTime(999);
  expect(names()).toEqual(['old', 'young', 'newest']);
  vi.advanceTimersByTime(1);
  expect(names()).toEqual(['young', 'newest']);
  vi.advanceTimersByTime(1000);
  expect(names()).toEqual(['newest']);
});

test('the view is kept every half a minute, so that the next puller has little to read', async () => {
  stored({ a: 2000, b: 1000 });
  start();
  const unread = () => look((store) => [...store.loadCheckpoint().after].length);
  vi.advanceTimersByTime(29_999);
  expect(unread()).toBe(2);
  vi.advanceTimersByTime(1);
  expect(unread()).toBe(0);
  expect(look((store) => store.loadCheckpoint().fleet.sensors.length)).toBe(2);
});

test('sensors of which nothing more is to be expected are forgotten then', async () => {
  stored({ longGone: 24 * HOUR - 30_000, here: 0 });
  const { app } = start(48 * HOUR);
  const sensors = async () =>
    ((await (await app.request('/fleet')).json()) as FleetSnapshot).sensors.map(({ hostname }) => hostname);
  expect(await sensors()).toEqual(['here', 'longGone']);
  vi.advanceTimersByTime(30_000);
  expect(await sensors()).toEqual(['here']);
});

test('a store that can’t be kept in order ends nothing, is tried again, and is said once until it works', () => {
  stored({ a: 0 });
  start();
  const forget = vi.spyOn(StoreSink.prototype, 'forget').mockImplementation(() => {
    throw new Error('disk is full');
  });
  vi.advanceTimersByTime(5000);
  expect(forget).toHaveBeenCalledTimes(5);
  expect(said).toEqual(["the store can't be kept in order, and is tried again: disk is full"]);
  forget.mockReturnValueOnce(0);
  vi.advanceTimersByTime(2000);
  expect(said).toHaveLength(2);
});

test('what was received last is in the view that a stop keeps', async () => {
  const body = JSON.stringify({ execution_id: 'e', sequence: 1, hostname: 'last' });
  const last = { id: 'm', body, attributes: {}, receipt: 'r', receiveCount: 1, sentAt: 0 };
  let given = false;
  const once = {
    ...queue,
    receive: (options: { waitSeconds: number; signal: AbortSignal }) => {
      if (given) return queue.receive(options);
      given = true;
      return Promise.resolve([last]);
    },
    delete: async () => [],
  };
  await start(HOUR, once).stop();
  service = undefined;
  const { fleet, after } = look((store) => {
    const kept = store.loadCheckpoint();
    return { fleet: kept.fleet, after: [...kept.after] };
  });
  expect([fleet.sensors.map(({ reading }) => reading.hostname), after]).toEqual([['last'], []]);
});

test('once it has stopped, nothing is done any more', async () => {
  stored({ a: HOUR });
  await start().stop();
  service = undefined;
  vi.advanceTimersByTime(60_000);
  expect([names(), said, vi.getTimerCount()]).toEqual([['a'], [], 0]);
});
