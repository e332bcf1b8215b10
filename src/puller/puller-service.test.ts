import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AlertEvent, FleetEvent } from '../fleet/fleet-events.js';
import type { SensorView } from '../fleet/fleet-view.js';
import { listen } from '../lib/net/listen.js';
import { SENSOR_CONFIG_ATTRIBUTE } from '../protocol/sensor-config.js';
import type { Queue } from '../queue/queue.js';
import { openSqsQueue } from '../queue/sqs-queue.js';
import { type LoopbackQueueServer, serveOnLoopback } from '../sqs-server/serve-on-loopback.js';
import { FleetClient } from './fleet-client.js';
import type { FleetSnapshot, PullerAppStats } from './puller-app.js';
import { createPullerService, type PullerService, type PullerServiceOptions } from './puller-service.js';

let folder: string;
let served: LoopbackQueueServer;
let queue: Queue;
const opened: Queue[] = [];
const running: PullerService[] = [];
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'puller-'));
  served = await serveOnLoopback({ path: ':memory:' });
  queue = await open('q');
});

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  for (const service of running.splice(0)) await service.stop();
  for (const found of opened.splice(0)) found.close();
  await served.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(name: string): Promise<Queue> {
  const headers = { 'x-amz-target': 'AmazonSQS.CreateQueue' };
  await fetch(served.url, { method: 'POST', headers, body: JSON.stringify({ QueueName: name }) });
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const found = await openSqsQueue({ queue: name, endpoint: served.url, credentials });
  opened.push(found);
  return found;
}

/** A puller that runs, with what it says. */
function start(over: Partial<PullerServiceOptions> = {}) {
  const said: string[] = [];
  const service = createPullerService({
    queue,
    storePath: join(folder, 'live', 'readings.db'),
    retentionMs: 3_600_000,
    log: undefined,
    alert: undefined,
    pollers: 2,
    page: new Hono(),
    hosts: undefined,
    say: (text) => said.push(text),
    ...over,
  });
  running.push(service);
  service.start();
  const get = async <T>(path: string) => (await (await service.app.request(path)).json()) as T;
  const stop = async () => {
    running.splice(running.indexOf(service), 1);
    await service.stop();
  };
  return { service, said, get, stop };
}

/** The same over a port, as commands and the page see it. */
async function client(service: PullerService): Promise<FleetClient> {
  const { fetch } = service.app;
  const listener = await listen({ fetch, host: '127.0.0.1', port: 0, purpose: 'puller', flag: '--port' });
  ends.push(() => listener.close(0));
  return new FleetClient(listener.url);
}

const T0 = Date.now() - 60_000;
const reading = (sequence: number, over: object = {}) => ({
  ...{ job_id: 'j-1', execution_id: 'e-1', icon_name: '🚀', color: '#ff5733', region: 'eu', hostname: 'edge-eu-1' },
  ...{ sequence, timestamp: new Date(T0 + sequence).toISOString(), job_submission_time: T0 },
  ...over,
});

/** As sensors that send twice a second. */
async function send(...messages: object[]): Promise<void> {
  const attributes = { [SENSOR_CONFIG_ATTRIBUTE]: 'v=0;src=daddd;file=none;interval=500;paused=0' };
  for (let i = 0; i < messages.length; i += 10)
    await queue.send(messages.slice(i, i + 10).map((message) => ({ body: JSON.stringify(message), attributes })));
}

const until = <T>(look: () => Promise<T> | T) => vi.waitUntil(look, { timeout: 15_000, interval: 20 });
const received = async (get: <T>(path: string) => Promise<T>) =>
  (await get<FleetSnapshot>('/fleet')).summary.total.received;
const fleetOf = async (get: <T>(path: string) => Promise<T>): Promise<SensorView[]> =>
  (await get<FleetSnapshot>('/fleet')).sensors;

test('after a restart the fleet view is the same, to the last number', async () => {
  const first = start();
  const other = { execution_id: 'e-2', hostname: 'edge-us-1', region: 'us' };
  await send(reading(1), reading(2), reading(5), reading(2), reading(1, other), reading(4, other), { data: 1 });
  await until(async () => (await received(first.get)) === 5);
  await until(async () => (await fleetOf(first.get))[0]?.duplicates === 1);
  await first.stop();
  const before = await fleetOf(first.get);
  expect(before.map((s) => [s.hostname, s.sequence, s.received, s.duplicates])).toEqual([
    ['edge-eu-1', 5, 3, 1],
    ['edge-us-1', 4, 2, 0],
  ]);
  const second = start({ queue: await open('empty') });
  expect(await fleetOf(second.get)).toEqual(before);
});

test('killed at any moment, it builds the same view from its checkpoint and what was stored since', async () => {
  const first = start();
  await send(reading(1), reading(3));
  await until(async () => (await received(first.get)) === 2);
  await first.stop();
  // A poll that was ended must not take the next readings along.
  await until(() => served.server.stats().queues.every(({ waiting }) => waiting === 0));
  const second = start();
  await send(reading(4), reading(2), reading(7), reading(1, { execution_id: 'e-2', hostname: 'edge-eu-2' }));
  await until(async () => (await received(second.get)) === 6);
  // What a kill leaves on disk.
  cpSync(join(folder, 'live'), join(folder, 'killed'), { recursive: true });
  const third = start({ queue: await open('empty'), storePath: join(folder, 'killed', 'readings.db') });
  expect(await fleetOf(third.get)).toEqual(await fleetOf(second.get));
  expect((await fleetOf(third.get))[0]).toMatchObject({ sequence: 7, received: 5, late: 1 });
});

test('clients that come at any time get everything since then, once, whatever is on its way', async () => {
  const { service } = start();
  const fleet = await client(service);
  const COUNT = 600;
  const sending = (async () => {
    for (let n = 1; n <= COUNT; n += 10) {
      await send(...Array.from({ length: 10 }, (_, i) => reading(n + i)));
      await sleep(5);
    }
  })();
  const follow = async () => {
    const sequences: number[] = [];
    for await (const event of fleet.events({ since: 0, kinds: ['reading'] })) {
      if (event.event === 'reading') sequences.push(event.reading.sequence);
      if (sequences.length === COUNT) break;
    }
    return sequences;
  };
  const clients: Promise<number[]>[] = [];
  for (let i = 0; i < 8; i++) {
    clients.push(follow());
    await sleep(60);
  }
  const all = await Promise.all(clients);
  await sending;
  const numbers = Array.from({ length: COUNT }, (_, i) => i + 1);
  for (const sequences of all) expect([...sequences].sort((a, b) => a - b)).toEqual(numbers);
  // All see the same order: that of arrival.
  for (const sequences of all) expect(sequences).toEqual(all[0]);
});

test('since a moment, of a region, of a kind: only that', async () => {
  const { service, get } = start();
  const fleet = await client(service);
  await send(reading(1), { data: 'old' });
  await until(async () => (await received(get)) === 1 && (await get<PullerAppStats>('/stats')).deleted === 2);
  await sleep(5);
  const since = Date.now();
  await send(reading(2), reading(1, { execution_id: 'e-2', region: 'us', hostname: 'h' }), { data: 'new' });
  await until(async () => (await get<PullerAppStats>('/stats')).deleted === 5);
  const first = async (count: number, query: Parameters<FleetClient['events']>[0]) => {
    const events: FleetEvent[] = [];
    for await (const event of fleet.events(query)) {
      events.push(event);
      if (events.length === count) break;
    }
    return events.map((event) =>
      event.event === 'reading' ? `${event.reading.region} ${event.reading.sequence}` : event.event,
    );
  };
  expect((await first(3, { since, kinds: ['reading', 'message'] })).sort()).toEqual(['eu 2', 'message', 'us 1']);
  expect((await first(2, { since: 0, kinds: ['message'] })).sort()).toEqual(['message', 'message']);
  expect(await first(2, { since: 0, region: 'eu', kinds: ['reading', 'message'] })).toEqual(['eu 1', 'eu 2']);
  // A summary comes every second, whatever the region.
  expect(await first(1, { region: 'as' })).toEqual(['summary']);
});

test('a region that falls silent is told once, and once when it sends again, to clients, people and the webhook', async () => {
  const posted: AlertEvent[] = [];
  let failures = 1;
  const webhook = await hook((alert) => {
    if (failures-- > 0) return 500;
    posted.push(alert);
    return 204;
  });
  const lines: string[] = [];
  const { service, said } = start({ alert: { afterSeconds: 1, webhook, write: (line) => lines.push(line) } });
  const fleet = await client(service);
  const events: FleetEvent[] = [];
  const stop = new AbortController();
  const following = (async () => {
    for await (const event of fleet.events({ kinds: ['alert'], signal: stop.signal })) events.push(event);
  })();
  await send(reading(1));
  await until(() => events.length === 1);
  // It stays silent: nothing more is said.
  await sleep(1500);
  expect(events).toHaveLength(1);
  // Who comes later hears of it first.
  const later = fleet.events();
  expect((await later.next()).value).toEqual(events[0]);
  await later.return(undefined);
  await send(reading(2));
  await until(() => events.length === 2);
  await until(() => posted.length === 2);
  stop.abort();
  await following;
  expect(events).toMatchObject([
    { event: 'alert', region: 'eu', firing: true, text: expect.stringMatching(/^no reading from eu for \d s$/) },
    { event: 'alert', region: 'eu', firing: false, text: 'eu sends again' },
  ]);
  expect(posted).toEqual(events);
  expect(lines).toEqual([expect.stringMatching(/^alert: no reading from eu for \d s\n$/), 'over: eu sends again\n']);
  expect(said).toEqual([]);
});

test('a webhook that takes no alert is given up after three tries, and said', async () => {
  let asked = 0;
  const webhook = await hook(() => {
    asked++;
    return 500;
  });
  const { said } = start({ alert: { afterSeconds: 1, webhook, write: () => {} } });
  await send(reading(1));
  await until(() => said.length === 1);
  expect([asked, said[0]]).toEqual([3, 'the webhook did not take an alert: it answered 500']);
});

/** A server that takes alerts, and answers with the status that `take` gives. */
async function hook(take: (alert: AlertEvent) => number): Promise<string> {
  const server: Server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    response.writeHead(take(JSON.parse(text))).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`;
}

test('stop ends open streams, brings what was received to its end, and keeps it', async () => {
  const { service, stop, get } = start();
  const fleet = await client(service);
  const following = (async () => {
    for await (const _ of fleet.events()) {
      // Until the puller ends.
    }
  })();
  const gone = expect(following).rejects.toMatchObject({ code: 'PULLER_GONE' });
  await send(...Array.from({ length: 200 }, (_, i) => reading(i + 1)));
  await until(async () => (await get<PullerAppStats>('/stats')).received > 0);
  await stop();
  await gone;
  const stats = await get<PullerAppStats>('/stats');
  expect(stats.deleted).toBe(stats.received);
  const again = start({ queue: await open('empty') });
  expect(await received(again.get)).toBe(stats.received);
});

test('without a store there is only what comes', async () => {
  const { service, get } = start({ storePath: undefined });
  const fleet = await client(service);
  await send(reading(1));
  await until(async () => (await received(get)) === 1);
  const stream = fleet.events({ since: 0, kinds: ['reading'] });
  const next = stream.next();
  await sleep(100);
  await send(reading(2));
  expect((await next).value).toMatchObject({ reading: { sequence: 2 } });
  await stream.return(undefined);
});

test('the log sink writes every message as it came, one a line', async () => {
  let log = '';
  start({ log: (text) => (log += text) });
  await send(reading(1), { data: { test: 'Hello 🌡️' } });
  const lines = () => log.split('\n').filter((line) => line !== '');
  await until(() => lines().length === 2);
  expect(lines().sort()).toEqual([JSON.stringify({ data: { test: 'Hello 🌡️' } }), JSON.stringify(reading(1))]);
});

test.each([
  ['/events?kinds=reading,weather', /weather.*reading, message, alert, summary/],
  ['/events?since=yesterday', /since must be Unix milliseconds/],
  ['/fleet/since', /submission must be/],
  ['/fleet/since?submission=x', /submission must be/],
])('GET %s is refused with what would be right', async (path, reason) => {
  const response = await start().service.app.request(path);
  expect([response.status, await response.json()]).toEqual([
    400,
    { error: { code: 'BAD_QUERY', reason: expect.stringMatching(reason) } },
  ]);
});

test.each([
  [{ host: 'evil.example:9091' }, 'UNKNOWN_HOST'],
  [{ host: 'localhost:9091', origin: 'http://evil.example' }, 'FOREIGN_ORIGIN'],
])('on loopback a browser with %j gets nothing', async (headers, code) => {
  const { service } = start({ hosts: ['localhost'] });
  for (const path of ['/fleet', '/events', '/']) {
    const response = await service.app.request(path, { headers });
    expect([response.status, await response.json()]).toMatchObject([403, { error: { code } }]);
  }
});

test('health is its own, readiness and the depth are those of the queue', async () => {
  const { service, get } = start({ queue: await open('busy'), pollers: 0 });
  await opened.at(-1)!.send([{ body: '{}' }]);
  expect(await get('/ready')).toEqual({ status: 'ready', queue: opened.at(-1)!.name });
  expect(await get('/stats')).toMatchObject({ depth: { visible: 1, inFlight: 0 }, received: 0 });
  await served.close();
  expect(await get('/health')).toEqual({ status: 'healthy' });
  const response = await service.app.request('/ready');
  expect([response.status, await response.json()]).toMatchObject([503, { reason: expect.stringContaining('reached') }]);
  expect(await get('/stats')).not.toHaveProperty('depth');
});
