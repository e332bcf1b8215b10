import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AlertEvent, FleetEvent } from '../fleet/fleet-events.js';
import { AppError } from '../lib/errors/app-error.js';
import { openSqlite } from '../lib/sqlite/driver.js';
import type { Reading } from '../protocol/message.js';
import { SqliteStore } from '../store/sqlite/sqlite-store.js';
import { ScriptedQueue } from '../test/support/scripted-queue.js';
import type { PullerEvent } from './failure-reporter.js';
import { createPuller, type Puller, type SinkOptions } from './puller.js';
import type { FleetSnapshot, PullerAppStats } from './puller-app.js';

const T0 = 1_750_000_000_000;
const HOUR = 3_600_000;
/** Every sensor sends twice a second. */
const ATTRIBUTES = { sensor_config: 'v=0;src=daddd;file=none;interval=500;paused=0' };

let folder: string;
let path: string;
let events: PullerEvent[];
const running: Puller[] = [];

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    now: T0,
  });
  folder = mkdtempSync(join(tmpdir(), 'puller-service-'));
  path = join(folder, 'live', 'readings.db');
  events = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  for (const service of running.splice(0)) await service.stop();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const keeping = (readings: number) => ({ readings, minutes: 168 * HOUR, hours: 9600 * HOUR });

async function start(sinks: SinkOptions = { store: { path, retentionMs: keeping(HOUR) } }) {
  const queue = new ScriptedQueue();
  const service = await createPuller({
    queues: [queue],
    pollers: 1,
    sinks,
    http: { page: new Hono(), log: console.error },
    onEvent: (event) => events.push(event),
  });
  running.push(service);
  await service.start('http://127.0.0.1:9091');
  return {
    service,
    queue,
    /** The puller has received these messages and deleted them. */
    async deliver(...messages: object[]) {
      queue.push(
        messages.map((message) => JSON.stringify(message)),
        ATTRIBUTES,
      );
      await pass(55);
    },
    get: async <T>(route: string) => (await (await service.app.request(route)).json()) as T,
    async stop() {
      running.splice(running.indexOf(service), 1);
      await service.stop();
    },
  };
}
type Started = Awaited<ReturnType<typeof start>>;

const sensorsOf = async ({ get }: Started) => (await get<FleetSnapshot>('/fleet')).sensors;

/** Live events as a client gets them, in one list. */
async function follow({ service }: Started, query = '') {
  const received: FleetEvent[] = [];
  const response = await service.app.request(`/events${query}`);
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      const frames = text.split('\n\n');
      text = frames.pop()!;
      for (const frame of frames.filter((one) => one.startsWith('event: events'))) {
        received.push(...(JSON.parse(/^data: (.*)$/m.exec(frame)![1]!) as FleetEvent[]));
      }
    }
  })();
  return { received, ended: reading };
}

const reading = (sequence: number, over: Partial<Reading> = {}): Reading => ({
  ...{ job_id: 'j-1', execution_id: 'e-1', icon_name: '🚀', color: '#ff5733', region: 'eu', hostname: 'edge-eu-1' },
  ...{ sequence, timestamp: new Date(T0 + sequence).toISOString(), job_submission_time: T0 },
  ...over,
});

/** What an earlier puller has stored: a reading of each name, this many milliseconds ago, the oldest first. */
function stored(ages: Record<string, number>): void {
  const entries = Object.entries(ages);
  vi.setSystemTime(T0 - entries[0]![1]);
  const store = new SqliteStore(path);
  for (const [name, age] of entries) {
    vi.advanceTimersByTime(T0 - age - Date.now());
    const taken = reading(1, { execution_id: name, hostname: name, timestamp: new Date(T0 - age).toISOString() });
    store.append([{ id: name, body: '', reading: taken, config: undefined, receivedAt: T0 - age }]);
  }
  store.close();
  vi.advanceTimersByTime(T0 - Date.now());
}

/** Looks into the store beside the puller. */
function look<T>(at: (store: SqliteStore) => T): T {
  const store = new SqliteStore(path);
  try {
    return at(store);
  } finally {
    store.close();
  }
}
const storedNames = () => look((store) => store.readingsAfter(0, 100).map(({ reading: { hostname } }) => hostname));

test('after a restart the fleet view is the same, to the last number', async () => {
  const first = await start();
  const other = { execution_id: 'e-2', hostname: 'edge-us-1', region: 'us' };
  await first.deliver(reading(1), reading(2), reading(5), reading(2), reading(1, other), reading(4, other), { n: 1 });
  const before = await sensorsOf(first);
  expect(before.map((s) => [s.hostname, s.sequence, s.received, s.duplicates])).toEqual([
    ['edge-eu-1', 5, 3, 1],
    ['edge-us-1', 4, 2, 0],
  ]);
  await first.stop();
  expect(await sensorsOf(await start())).toEqual(before);
});

test('killed at any moment, it builds the same view from its checkpoint and what was stored since', async () => {
  const first = await start();
  await first.deliver(reading(1), reading(3));
  await first.stop();
  const second = await start();
  await second.deliver(reading(4), reading(2), reading(7), reading(1, { execution_id: 'e-2', hostname: 'edge-eu-2' }));
  // What a kill leaves on disk.
  cpSync(join(folder, 'live'), join(folder, 'killed'), { recursive: true });
  const third = await start({ store: { path: join(folder, 'killed', 'readings.db'), retentionMs: keeping(HOUR) } });
  expect(await sensorsOf(third)).toEqual(await sensorsOf(second));
  expect((await sensorsOf(third))[0]).toMatchObject({ sequence: 7, received: 5, late: 1 });
});

test('a clock that is set ahead before a kill and back after it leaves no sensor seen in the future', async () => {
  const first = await start();
  await first.deliver(reading(1));
  vi.setSystemTime(Date.now() + 11 * HOUR);
  await pass(2000);
  await first.deliver(reading(2));
  // What a kill leaves on disk: no later checkpoint.
  cpSync(join(folder, 'live'), join(folder, 'killed'), { recursive: true });
  await pass(2000);
  const second = await start({ store: { path: join(folder, 'killed', 'readings.db'), retentionMs: keeping(HOUR) } });
  await pass(2000);
  vi.setSystemTime(Date.now() - 11 * HOUR);
  await pass(10_000);
  expect((await sensorsOf(second)).map(({ state, sequence }) => [state, sequence])).toEqual([['silent', 2]]);
});

test('a sensor that was deployed before the store began has no gaps for it, also after a restart and a kill', async () => {
  const older = { job_submission_time: T0 - HOUR };
  const lone = reading(42, older);
  const gaps = async (puller: Started) => (await sensorsOf(puller)).map((sensor) => [sensor.hostname, sensor.gaps]);
  const first = await start();
  await first.deliver(lone);
  await pass(10_000);
  expect(await gaps(first)).toEqual([['edge-eu-1', 0]]);
  // What a kill leaves on disk: no later checkpoint.
  cpSync(join(folder, 'live'), join(folder, 'killed'), { recursive: true });
  const second = await start({ store: { path: join(folder, 'killed', 'readings.db'), retentionMs: keeping(HOUR) } });
  await second.deliver(reading(41, older), reading(3, { execution_id: 'e-2', hostname: 'edge-eu-2' }));
  await pass(10_000);
  // The second one was deployed since, so its first two readings are missing.
  expect(await gaps(second)).toEqual([
    ['edge-eu-1', 0],
    ['edge-eu-2', 2],
  ]);
  await second.stop();
});

test('a client gets every reading once, whenever it connects', async () => {
  const puller = await start();
  const clients: Awaited<ReturnType<typeof follow>>[] = [];
  for (let n = 1; n <= 60; n++) {
    puller.queue.push([JSON.stringify(reading(n))], ATTRIBUTES);
    if (n % 10 === 0) clients.push(await follow(puller, '?since=0&kinds=reading'));
    await pass(7);
  }
  await pass(100);
  const numbers = Array.from({ length: 60 }, (_, i) => i + 1);
  for (const { received } of clients) {
    expect(received.map((event) => event.event === 'reading' && event.reading.sequence)).toEqual(numbers);
  }
});

test('without a store only new events are sent, and nothing is written', async () => {
  const puller = await start({});
  await puller.deliver(reading(1));
  const { received } = await follow(puller, '?since=0&kinds=reading');
  await puller.deliver(reading(2));
  await pass(50);
  expect(received).toMatchObject([{ reading: { sequence: 2 } }]);
  // No maintenance fails for want of a store.
  await pass(60_000);
  expect(events).toEqual([]);
});

test('the log sink writes each message on a line of its own, as it was sent', async () => {
  let log = '';
  const { deliver } = await start({
    log: (text) => {
      log += text;
    },
  });
  await deliver(reading(1), { data: { test: 'Hello 🌡️' } });
  expect(log).toBe(`${JSON.stringify(reading(1))}\n${JSON.stringify({ data: { test: 'Hello 🌡️' } })}\n`);
});

test('the log sink writes nothing that a terminal obeys, and stays JSON', async () => {
  let log = '';
  const { deliver, queue } = await start({
    log: (text) => {
      log += text;
    },
  });
  queue.push(['{"a":\n"\u009b2J\u202e"}']);
  await deliver();
  expect(log).toBe('{"a": "\\u009b2J\\u202e"}\n');
});

test('a stop closes streams, handles what was received, and saves the view', async () => {
  const puller = await start();
  const { ended } = await follow(puller);
  await puller.deliver(...Array.from({ length: 200 }, (_, i) => reading(i + 1)));
  puller.queue.push([JSON.stringify(reading(201))], ATTRIBUTES);
  await puller.stop();
  await pass(50);
  await ended;
  expect(await puller.get<PullerAppStats>('/stats')).toMatchObject({ received: 201, deleted: 201 });
  expect(look((store) => [...store.loadCheckpoint().after])).toEqual([]);
  expect((await sensorsOf(await start()))[0]?.received).toBe(201);
});

test('after a stop nothing happens any more', async () => {
  stored({ a: HOUR });
  await (await start()).stop();
  vi.advanceTimersByTime(60_000);
  expect([storedNames(), events, vi.getTimerCount()]).toEqual([['a'], [], 0]);
});

test('every second clients get a summary', async () => {
  const puller = await start();
  const { received } = await follow(puller, '?kinds=summary');
  await puller.deliver(reading(1));
  await pass(999);
  expect(received.map((event) => event.event)).toEqual(['summary']);
  await pass(1000);
  expect(received).toHaveLength(2);
  expect(received[1]).toMatchObject({ summary: { time: T0 + 2000, total: { received: 1 } } });
});

test('an alert goes to clients, to the alert sink and to the webhook, once when it begins and once when it ends', async () => {
  const posted: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    posted.push({ url, init });
    return new Response(null, { status: 204 });
  });
  const alerts: AlertEvent[] = [];
  const puller = await start({
    alert: { afterSeconds: 1, webhook: 'http://hook.test/', onAlert: (alert) => alerts.push(alert) },
  });
  const { received } = await follow(puller, '?kinds=alert');
  await puller.deliver(reading(1));
  await pass(3000);
  expect(received).toMatchObject([{ event: 'alert', region: 'eu', firing: true, at: T0 + 2000 }]);
  // A client that connects now gets it first.
  const later = await follow(puller, '?kinds=alert');
  await pass(50);
  expect(later.received).toEqual(received);
  await puller.deliver(reading(2));
  await pass(1000);
  expect(received[1]).toMatchObject({ event: 'alert', region: 'eu', firing: false, over: 'reporting' });
  expect([received.length, alerts, events]).toEqual([2, received, []]);
  expect(posted.map(({ url, init }) => [url, init.method, JSON.parse(String(init.body))])).toEqual(
    received.map((alert) => ['http://hook.test/', 'POST', alert]),
  );
  expect(posted[0]?.init.headers).toEqual({ 'content-type': 'application/json' });
});

test('without the alert sink there are no alerts', async () => {
  const puller = await start();
  const { received } = await follow(puller, '?kinds=alert');
  await puller.deliver(reading(1));
  await pass(120_000);
  expect(received).toEqual([]);
});

test('dead letters are logged with their reason, counted, and an alert until there are none', async () => {
  const alerts: AlertEvent[] = [];
  const puller = await start({ alert: { afterSeconds: 1, onAlert: (alert) => alerts.push(alert) } });
  const stats = () => puller.get<PullerAppStats>('/stats');
  await pass(0);
  expect(await stats()).toMatchObject({ deadLetters: 0, deadLetteredBy: {} });
  puller.queue.push(['Hello', 'Hello again', '[]']);
  await pass(1000);
  expect(events).toEqual([
    { type: 'puller.dead-letters', code: 'NOT_JSON', reason: 'the body is not JSON', count: 2, id: 'dead-m-1' },
    { type: 'puller.dead-letters', code: 'NOT_AN_OBJECT', reason: expect.any(String), count: 1, id: 'dead-m-3' },
  ]);
  expect(await stats()).toMatchObject({ deadLetters: 3, deadLetteredBy: { NOT_JSON: 2, NOT_AN_OBJECT: 1 } });
  await pass(1000);
  expect(alerts).toMatchObject([{ type: 'dead-letters', firing: true, count: 3, at: T0 + 2000 }]);
  // A client that connects now gets it, also one that follows a single region.
  const { received } = await follow(puller, '?kinds=alert&region=eu');
  await pass(50);
  expect(received).toEqual(alerts);
  puller.queue.deadLetters.length = 0;
  await pass(5000);
  expect(alerts.slice(1)).toMatchObject([{ type: 'dead-letters', firing: false, count: 0 }]);
  expect(await stats()).toMatchObject({ deadLetters: 0 });
});

test('dead letters of the queue itself raise the alert; a queue that does not answer ends none', async () => {
  const alerts: AlertEvent[] = [];
  const puller = await start({ alert: { afterSeconds: 1, onAlert: (alert) => alerts.push(alert) } });
  puller.queue.deadLetters.push({ id: 'a', reason: '' });
  await pass(5000);
  expect(alerts).toMatchObject([{ type: 'dead-letters', firing: true, count: 1 }]);
  const { deadLetterDepth } = puller.queue;
  puller.queue.deadLetterDepth = () => Promise.reject(new AppError('QUEUE_DENIED', 'not allowed'));
  await pass(10_000);
  expect(await puller.get<PullerAppStats>('/stats')).not.toHaveProperty('deadLetters');
  puller.queue.deadLetterDepth = deadLetterDepth;
  await pass(5000);
  expect(alerts).toHaveLength(1);
  expect(events).toEqual([
    { type: 'puller.failing', task: 'count-dead-letters', message: 'not allowed' },
    { type: 'puller.recovered', task: 'count-dead-letters' },
  ]);
});

test('while there are more and more dead letters the alert is raised again, once a minute', async () => {
  const alerts: AlertEvent[] = [];
  const puller = await start({ alert: { afterSeconds: 1, onAlert: (alert) => alerts.push(alert) } });
  const add = () => puller.queue.deadLetters.push({ id: 'a', reason: '' });
  add();
  await pass(5000);
  add();
  await pass(59_999);
  expect(alerts).toHaveLength(1);
  await pass(1);
  expect(alerts[1]).toMatchObject({ type: 'dead-letters', firing: true, count: 2, at: T0 + 5000 });
  await pass(300_000);
  expect(alerts).toHaveLength(2);
});

test('a queue without a dead-letter queue has no count of them', async () => {
  const puller = await start();
  puller.queue.deadLetterDepth = async () => undefined;
  await pass(5000);
  expect(await puller.get<PullerAppStats>('/stats')).not.toHaveProperty('deadLetters');
  expect(events).toEqual([]);
});

test('an alert that the webhook refuses is posted five times, ever more slowly, and then reported', async () => {
  const at: number[] = [];
  vi.stubGlobal('fetch', async () => {
    at.push(Date.now() - T0);
    return new Response(null, { status: 500 });
  });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const { deliver } = await start({ alert: { afterSeconds: 1, webhook: 'http://hook.test/', onAlert: () => {} } });
  await deliver(reading(1));
  await pass(30_000);
  const pauses = at.slice(1).map((time, i) => time - at[i]!);
  expect([at.length, at[0], pauses]).toEqual([5, 2000, pauses.toSorted((a, b) => a - b)]);
  expect(pauses[3]).toBeGreaterThan(4 * pauses[0]!);
  expect(events).toEqual([{ type: 'webhook.failed', message: 'status 500' }]);
});

test('an alert that the webhook takes at the second attempt is not reported', async () => {
  const answers = [() => Promise.reject(new TypeError('fetch failed')), async () => new Response(null)];
  const post = vi.fn(() => answers.shift()!());
  vi.stubGlobal('fetch', post);
  const { deliver } = await start({ alert: { afterSeconds: 1, webhook: 'http://hook.test/', onAlert: () => {} } });
  await deliver(reading(1));
  await pass(4000);
  expect([post.mock.calls.length, events]).toEqual([2, []]);
});

test('readings are deleted when their retention is over; the store is checked every second', async () => {
  stored({ old: HOUR - 500, young: HOUR - 1500, newest: 0 });
  await start();
  await pass(999);
  expect(storedNames()).toEqual(['old', 'young', 'newest']);
  await pass(1);
  expect(storedNames()).toEqual(['young', 'newest']);
  await pass(1000);
  expect(storedNames()).toEqual(['newest']);
});

test('the view is saved every thirty seconds, so that the next puller has little to read', async () => {
  await (await start()).deliver(reading(1, { execution_id: 'a' }), reading(1, { execution_id: 'b' }));
  const unread = () => look((store) => [...store.loadCheckpoint().after].length);
  await pass(29_944);
  expect(unread()).toBe(2);
  await pass(1);
  expect(unread()).toBe(0);
  expect(look((store) => store.loadCheckpoint().fleet.sensors.length)).toBe(2);
});

test('sensors that are not expected to return are forgotten then', async () => {
  stored({ longGone: 24 * HOUR - 30_000, here: 0 });
  const puller = await start({ store: { path, retentionMs: keeping(48 * HOUR) } });
  const names = async () => (await sensorsOf(puller)).map(({ hostname }) => hostname);
  expect(await names()).toEqual(['here', 'longGone']);
  await pass(30_000);
  expect(await names()).toEqual(['here']);
});

test.each([
  ['forget', 'retention', 1000],
  ['saveCheckpoint', 'checkpoint', 30_000],
] as const)(
  'a store on which %s fails stops nothing: it is tried again, and reported once',
  async (method, task, every) => {
    stored({ a: 0 });
    await start();
    const call = vi.spyOn(SqliteStore.prototype, method).mockImplementation(() => {
      throw new Error('disk is full');
    });
    await pass(3 * every);
    expect(call).toHaveBeenCalledTimes(3);
    expect(events).toEqual([{ type: 'puller.failing', task, message: 'disk is full' }]);
    call.mockRestore();
    await pass(every);
    expect(events.slice(1)).toEqual([{ type: 'puller.recovered', task }]);
  },
);

test.each([
  ['25 hours ahead', 25 * HOUR, '25 h forward'],
  ['an hour back', -HOUR, '60 min back'],
])('a clock that is set %s deletes nothing and changes nothing in the view; it is reported', async (_, by) => {
  stored({ old: 30_000 });
  const alerts: AlertEvent[] = [];
  const puller = await start({
    store: { path, retentionMs: keeping(HOUR) },
    alert: { afterSeconds: 20, onAlert: (alert) => alerts.push(alert) },
  });
  await puller.deliver(reading(1), reading(2, { execution_id: 'e-2', hostname: 'other' }));
  await pass(6_000);
  const before = await sensorsOf(puller);
  vi.setSystemTime(Date.now() + by);
  const moved = before.map((sensor) => ({
    ...sensor,
    ...{ first_seen: sensor.first_seen + by, last_seen: sensor.last_seen + by },
  }));
  expect(await sensorsOf(puller)).toEqual(moved);
  expect(before.map(({ state, gaps }) => [state, gaps])).toContainEqual(['silent', 1]);
  await pass(1_000);
  expect([storedNames().length, events]).toEqual([3, [{ type: 'clock-stepped', byMs: by }]]);
  expect(await puller.get<PullerAppStats>('/stats')).toMatchObject({ clockAheadMs: by });
  expect(alerts).toMatchObject([{ type: 'clock.stepped', firing: true }]);
  // Readings go on, sensors are forgotten as late as ever, and silence is noticed as soon as ever.
  await puller.deliver(reading(2), reading(3));
  expect((await sensorsOf(puller)).find(({ hostname }) => hostname === 'edge-eu-1')).toMatchObject({
    ...{ state: 'live', received: 3, gaps: 0, late: 0 },
  });
  await pass(22_000);
  expect(alerts.slice(1)).toMatchObject([{ type: 'region.silent', firing: true }]);
  // A puller that is started now finds the same.
  await pass(10_000);
  await puller.stop();
  const again = await start();
  await pass(1_000);
  expect([storedNames().length, (await sensorsOf(again)).map(({ received, gaps }) => [received, gaps])]).toEqual([
    5,
    [
      ...[
        [3, 0],
        [1, 0],
      ],
      expect.anything(),
    ],
  ]);
});

test('a deleted store that can not be written back: nothing is deleted from the queue, /ready says why, and nothing is lost', async () => {
  const puller = await start();
  await puller.deliver(reading(1));
  rmSync(join(folder, 'live'), { recursive: true });
  writeFileSync(join(folder, 'live'), 'no folder');
  await pass(1_000);
  const ready = () => puller.service.app.request('/ready');
  expect([(await ready()).status, await puller.get('/ready')]).toEqual([
    503,
    { status: 'not ready', reason: expect.stringMatching(/readings\.db was deleted, and can't be written back: /) },
  ]);
  await puller.deliver(reading(2));
  await pass(5_000);
  expect([puller.queue.deleted, (await ready()).status]).toEqual([1, 503]);
  rmSync(join(folder, 'live'));
  await pass(11_000);
  expect([puller.queue.deleted, (await ready()).status]).toEqual([2, 200]);
  expect(events).toEqual([
    { type: 'puller.failing', task: 'check-store', message: expect.stringMatching(/was deleted/) },
    { type: 'puller.failing', task: 'accept', message: expect.stringMatching(/was deleted/) },
    { type: 'database-rewritten', path, problem: 'deleted', quarantined: undefined, salvaged: undefined },
    expect.objectContaining({ type: 'puller.recovered' }),
    expect.objectContaining({ type: 'puller.recovered' }),
  ]);
  expect(storedNames()).toHaveLength(2);
});

test('a store that was damaged is said: as an event, in the stats, and as an alert until its file is removed', async () => {
  stored({ a: 0 });
  writeFileSync(path, 'no database at all\n'.repeat(500));
  const alerts: AlertEvent[] = [];
  const puller = await start({
    store: { path, retentionMs: keeping(HOUR) },
    alert: { afterSeconds: 60, onAlert: (alert) => alerts.push(alert) },
  });
  const quarantined = `${path}.damaged`;
  expect(events).toMatchObject([{ type: 'database-quarantined', path, quarantined }]);
  await puller.deliver(reading(1));
  await pass(1_000);
  expect(await puller.get<PullerAppStats>('/stats')).toMatchObject({
    store: { damagedRows: 0, quarantined: [quarantined] },
  });
  expect(alerts).toMatchObject([
    { type: 'store.quarantined', firing: true, text: expect.stringContaining(quarantined) },
  ]);
  rmSync(quarantined);
  await pass(1_000);
  expect(alerts.slice(1)).toMatchObject([{ type: 'store.quarantined', firing: false }]);
});

test('a store that was deleted and written back is an alert, and in the stats', async () => {
  const alerts: AlertEvent[] = [];
  const puller = await start({
    store: { path, retentionMs: keeping(9 * HOUR) },
    alert: { afterSeconds: 9 * 3600, onAlert: (alert) => alert.type === 'store.written-back' && alerts.push(alert) },
  });
  await puller.deliver(reading(1));
  rmSync(path);
  await pass(2_000);
  expect(alerts).toMatchObject([
    { type: 'store.written-back', firing: true, text: expect.stringMatching(/was deleted/) },
  ]);
  const { store } = await puller.get<PullerAppStats>('/stats');
  expect(store?.writtenBack).toMatchObject({ problem: 'deleted', times: 1 });
});

test('what the queue server says of its store is in the stats, and an alert as long as it lasts', async () => {
  const alerts: AlertEvent[] = [];
  const puller = await start({ alert: { afterSeconds: 60, onAlert: (alert) => alerts.push(alert) } });
  puller.queue.server = {
    ...{ status: 'not ready', code: 'QUEUE_STORE_FULL', reason: 'The disk is full.', quarantined: ['q.damaged'] },
    ...{ writtenBack: { problem: 'replaced', times: 2, agoMs: 10 }, damagedMessages: 3 },
  };
  await pass(6_000);
  expect(alerts.map(({ type, firing, text }) => [type, firing, text])).toEqual([
    ['queue.not-ready', true, 'the queue server takes no messages: The disk is full.'],
    ['queue.quarantined', true, expect.stringMatching(/q\.damaged$/)],
    ['queue.written-back', true, expect.stringMatching(/the file of the queue store was replaced/)],
    ['queue.damaged-messages', true, 'damaged messages in the queue store: 3'],
  ]);
  expect((await puller.get<PullerAppStats>('/stats')).queueServer).toEqual(puller.queue.server);
  puller.queue.server = { status: 'ready' };
  await pass(6_000);
  expect(alerts.slice(4).map(({ firing }) => firing)).toEqual([false, false, false, false]);
});

test('rows that are not what was written are found in the background, counted and said once', async () => {
  stored({ a: 0, b: 0, c: 0 });
  const db = openSqlite(path);
  db.exec("update readings set color = '#000000' where execution_id <> 'b'; delete from checkpoint");
  db.close();
  const puller = await start();
  expect((await sensorsOf(puller)).map(({ hostname }) => hostname)).toEqual(['b']);
  await pass(3_000);
  expect(events).toEqual([{ type: 'store.damaged-rows', count: 2 }]);
  expect(await puller.get<PullerAppStats>('/stats')).toMatchObject({ store: { damagedRows: 2, quarantined: [] } });
});
