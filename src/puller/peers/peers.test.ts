/** Three pullers over four shards: what any of them answers is whole, and says what is missing from it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { AlertEvent, FleetEvent } from '../../fleet/fleet-events.js';
import { accessLock } from '../../lib/net/access-lock.js';
import type { Reading } from '../../protocol/message.js';
import { unitOf } from '../../test/support/one-unit.js';
import { ScriptedQueue } from '../../test/support/scripted-queue.js';
import { EventBus } from '../events/event-bus.js';
import { EventHub } from '../events/event-hub.js';
import type { PullerEvent } from '../failure-reporter.js';
import { FleetClient } from '../fleet-client.js';
import { createPullerApp } from '../puller-app.js';
import type { Unit, Units } from '../shards/units.js';
import { PeerEvents } from './peer-events.js';
import { WholeFleet } from './whole-fleet.js';

/** Of the store. */
const SECRET = 'secret-of-the-store';
const SHARDS = 4;

interface TestPuller {
  id: string;
  url: string;
  units: Unit[];
  whole: WholeFleet;
  app: Hono;
  /** Never answers. */
  hangs: boolean;
  /** Its operator token, which the others do not have. */
  token: string;
  /** Requests that came, and their tokens. */
  asked: string[];
  tokens: (string | null)[];
}

let pullers: TestPuller[];
/** What every puller has heard. */
let firing: AlertEvent[];
/** What pullers log, with who does. */
let events: [string, PullerEvent][];
const closed = new AbortController();

beforeEach(() => {
  [pullers, firing, events] = [[], [], []];
  vi.stubGlobal('fetch', async (input: string | URL | Request, init: RequestInit = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const puller = pullers.find((one) => url.href.startsWith(`${one.url}/`));
    if (!puller) throw new TypeError('fetch failed', { cause: new Error(`connect ECONNREFUSED ${url.host}`) });
    puller.asked.push(`${url.pathname}${url.search}`);
    puller.tokens.push(new Headers(init.headers).get('authorization'));
    if (puller.hangs) {
      return new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
    }
    return puller.app.request(url, init);
  });
});
afterEach(() => vi.unstubAllGlobals());

/** A puller that holds these shards. */
function start(id: string, shards: number[], secret = SECRET): TestPuller {
  const token = `operator of ${id}`;
  const bus = new EventBus();
  const held = shards.map((shard) => {
    const queue = Object.assign(new ScriptedQueue(), { depth: async () => ({ visible: 1, inFlight: 0, delayed: 0 }) });
    return unitOf(new EventHub(bus), { shard, queue });
  });
  const units: Units = {
    ...{ shards: SHARDS, store: undefined, secret, past: () => undefined },
    held: () => puller.units,
    peers: () =>
      pullers
        .filter((one) => one.id !== id)
        .map((one) => ({ id: one.id, url: one.url, shards: one.units.map(({ shard }) => shard) })),
  };
  const whole = new WholeFleet(units, undefined, (event) => events.push([id, event]));
  const app = createPullerApp({
    ...{ units, whole, bus, firing: () => firing, closed: closed.signal },
    peerEvents: new PeerEvents(units, whole.peers),
    http: { page: new Hono(), lock: accessLock([token]), token, log: console.error },
  });
  const puller: TestPuller = { id, url: `http://${id}.test`, units: held, whole, app, token, ...idle() };
  pullers.push(puller);
  return puller;
}

const idle = () => ({ hangs: false, asked: [], tokens: [] });
const client = ({ url, token }: TestPuller) => new FleetClient(url, { token });

/** A reading of a sensor of its own host comes to a shard. */
function arrive(puller: TestPuller, shard: number, over: Partial<Reading> = {}): void {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: `e-${shard}`, hostname: `edge-${shard}`, region: shard % 2 ? 'eu' : 'us' },
    ...{ sequence: 1, timestamp: new Date().toISOString(), job_submission_time: 1, icon_name: '', color: '#ff0000' },
    ...over,
  };
  const unit = puller.units.find((one) => one.shard === shard)!;
  unit.hub.record([{ id: 'm', body: '', message: {}, config: undefined, receivedAt: Date.now(), reading }]);
}

function threePullers(): [TestPuller, TestPuller, TestPuller] {
  const all: [TestPuller, TestPuller, TestPuller] = [start('a', [0, 3]), start('b', [1]), start('c', [2])];
  for (const puller of all) for (const { shard } of puller.units) arrive(puller, shard);
  return all;
}

test('whoever is asked: all sensors, counts, statistics and configuration, of each shard once', async () => {
  for (const puller of threePullers()) {
    const fleet = client(puller);
    // Then it knows how many sensors there are, by which it waits for their names.
    expect((await puller.whole.refresh()).summary.total.live).toBe(4);
    const { summary, sensors } = await fleet.snapshot();
    expect(sensors.map(({ hostname }) => hostname)).toEqual(['edge-1', 'edge-3', 'edge-0', 'edge-2']);
    expect([summary.total.live, (await fleet.summary()).total.live]).toEqual([4, 4]);
    expect(summary).not.toHaveProperty('missing');
    expect(await fleet.countSince(1)).toEqual({ us: 2, eu: 2 });
    const stats = await fleet.stats();
    expect([stats.depth?.visible, stats.shards?.map(({ shard }) => shard)]).toEqual([4, [0, 1, 2, 3]]);
    const holders = stats.shards?.map((one) => one.puller ?? puller.url);
    expect(holders).toEqual(['http://a.test', 'http://b.test', 'http://c.test', 'http://a.test']);
    const state = { version: 1, fleet: { version: 1 }, regions: {}, hosts: {} };
    expect(await fleet.convergence(state, {})).toMatchObject({ sensors: 0, converged: 0 });
  }
});

test('of a large fleet some sensors of each shard are named, and how many are left out; without a limit not a part of them', async () => {
  const [a, b] = threePullers();
  for (let n = 0; n < 3; n++) arrive(b, 1, { execution_id: `more-${n}`, hostname: `more-${n}` });
  const { sensors, summary, leftOut } = await client(a).snapshot({ limit: SHARDS });
  expect([sensors.length, leftOut, summary.total.live]).toEqual([4, 3, 7]);
  expect(await client(a).snapshot({ limit: 100, host: 'more-1' })).toMatchObject({ sensors: [{ hostname: 'more-1' }] });
  expect((await client(a).snapshot({ limit: 100 })).leftOut).toBeUndefined();
  expect((await a.whole.snapshot({ region: 'eu' })).sensors).toHaveLength(5);
});

test('what was counted of a large view is given again for a moment, of a small one never', async () => {
  let clock = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => clock);
  onTestFinished(() => now.mockRestore());
  const a = start('a', [0]);
  const { fleet } = a.units[0]!.hub;
  const part = fleet.part.bind(fleet);
  vi.spyOn(fleet, 'part').mockImplementation((time) => {
    clock += 10;
    return part(time);
  });
  const received = async () => (await client(a).summary()).total.received;
  const arriveAs = (n: number) => arrive(a, 0, { execution_id: `e-${n}`, hostname: `h-${n}` });
  for (let n = 0; n < 4_998; n++) arriveAs(n);
  expect(await received()).toBe(4_998);
  arriveAs(4_998);
  expect(await received()).toBe(4_999);
  arriveAs(4_999);
  expect(await received()).toBe(5_000);
  arriveAs(5_000);
  expect(await received()).toBe(5_000);
  clock += 249;
  expect(await received()).toBe(5_000);
  clock += 1;
  expect(await received()).toBe(5_001);
});

test('a puller whose URL has a path is asked below it', async () => {
  const [a, b] = threePullers();
  b.url = 'http://b.test/behind/a/proxy';
  await a.whole.summary();
  expect(b.asked).toEqual(['/behind/a/proxy/peers/ask']);
});

test('nobody asks on: each puller is asked once by the one that was asked', async () => {
  const [a, b, c] = threePullers();
  await client(a).summary();
  expect([a.asked, b.asked, c.asked]).toEqual([['/fleet/summary'], ['/peers/ask'], ['/peers/ask']]);
});

test('a puller that hangs makes the answer partial after a second, and the next one at once; later it is whole again', async () => {
  const [a, b] = threePullers();
  b.hangs = true;
  const began = performance.now();
  const { summary, sensors } = await client(a).snapshot();
  expect(performance.now() - began).toBeGreaterThan(900);
  expect(performance.now() - began).toBeLessThan(1500);
  expect(sensors).toHaveLength(3);
  expect(summary.missing).toEqual([{ puller: b.url, shards: [1], why: 'it does not answer' }]);
  const again = performance.now();
  expect((await client(a).stats()).missing).toEqual(summary.missing);
  expect(performance.now() - again).toBeLessThan(200);
  b.hangs = false;
  await vi.waitFor(async () => expect(await client(a).summary()).not.toHaveProperty('missing'), { timeout: 8000 });
}, 15_000);

test('a shard that nobody holds is missing, and so is one whose puller is gone or refuses', async () => {
  const [a, b, c] = threePullers();
  pullers.splice(pullers.indexOf(c), 1);
  expect((await client(a).summary()).missing).toEqual([{ shards: [2], why: 'no puller has it at the moment' }]);
  const stranger = start('d', [2], 'another secret');
  const { missing } = await client(stranger).summary();
  expect(missing?.map(({ puller, shards }) => [puller, shards])).toEqual([
    [a.url, [0, 3]],
    [b.url, [1]],
  ]);
  expect(missing?.[0]?.why).toMatch(/token/);
});

test('a shard that moves is counted once while both pullers have it', async () => {
  const [a, b] = threePullers();
  expect((await a.whole.refresh()).isDisputed).toBe(false);
  b.units.push(a.units[1]!);
  expect((await a.whole.refresh()).isDisputed).toBe(true);
  expect((await b.whole.refresh()).isDisputed).toBe(true);
  expect((await client(a).summary()).total.live).toBe(4);
  expect((await client(b).summary()).total.live).toBe(4);
});

test('what the operator says reaches the units of all pullers', async () => {
  const [a, b, c] = threePullers();
  await client(c).annotate({ region: 'eu', connected: false }, c.token);
  // Once: by the one that was told.
  expect(events).toEqual([['c', { type: 'region.link', region: 'eu', connected: false }]]);
  expect([a, b].map(({ tokens }) => tokens)).toEqual([[`Bearer ${SECRET}`], [`Bearer ${SECRET}`]]);
  for (const puller of [a, b, c]) {
    const { regions } = await client(puller).summary();
    expect(regions.map(({ region, cut }) => [region, cut])).toEqual([
      ['us', false],
      ['eu', true],
    ]);
  }
  const cuts = [a.units[0], a.units[1], b.units[0]].map((unit) => unit?.hub.fleet.summary(Date.now()).regions[0]?.cut);
  expect(cuts).toEqual([false, true, true]);
});

test('live events of all pullers come to whoever listens to one, and what fires, each once', async () => {
  firing = [{ event: 'alert', type: 'store.not-ready', firing: true, at: 1, rule: 'r', text: 't' }];
  const [a, b, c] = threePullers();
  const events: FleetEvent[] = [];
  const end = new AbortController();
  const listening = (async () => {
    for await (const event of client(c).events({ kinds: ['reading', 'alert'], signal: end.signal })) events.push(event);
  })();
  await vi.waitFor(() => expect(b.asked.filter((path) => path.startsWith('/events'))).toHaveLength(1));
  // The stream of the other one is open as soon as it has said hello.
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const puller of [a, b, c]) for (const { shard } of puller.units) arrive(puller, shard, { sequence: 2 });
  await vi.waitFor(() => expect(events).toHaveLength(5));
  expect(events[0]).toEqual(firing[0]);
  const hosts = events.slice(1).map((event) => (event.event === 'reading' ? event.reading.hostname : ''));
  expect(hosts.sort()).toEqual(['edge-0', 'edge-1', 'edge-2', 'edge-3']);
  end.abort();
  await listening.catch(() => {});
});

// Whoever may write into the table of the pullers chooses where they send it.
test('the secret of the store is the only one that a puller sends to others', async () => {
  const [a, b] = threePullers();
  const end = new AbortController();
  const listening = client(b)
    .events({ kinds: ['alert'], signal: end.signal })
    .next();
  await client(b).snapshot();
  await client(b).stats();
  await vi.waitFor(() => expect(a.asked.some((path) => path.startsWith('/events'))).toBe(true));
  end.abort();
  await listening.catch(() => {});
  expect(new Set(a.tokens)).toEqual(new Set([`Bearer ${SECRET}`]));
});

test('a redirect gets no secret', async () => {
  vi.unstubAllGlobals();
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(307, { location: '/elsewhere' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const a = start('a', [0]);
  Object.assign(start('b', [1]), { url });
  expect((await a.whole.stats()).missing).toMatchObject([{ shards: [1] }, { shards: [2, 3] }]);
  const events = new FleetClient(url, { token: SECRET, retryForMs: 0 }).events({ own: true });
  await expect(events.next()).rejects.toMatchObject({ code: 'PULLER_GONE' });
  expect(asked).toEqual(['/peers/ask', expect.stringContaining('/events?')]);
  server.close();
});

test('a question with other arguments than it has is refused', async () => {
  const { app, url } = start('a', [0]);
  const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ question: 'sensors', args: {} });
  const response = await app.request(`${url}/peers/ask`, { method: 'POST', headers, body });
  expect([response.status, await response.json()]).toMatchObject([422, { error: { code: 'BAD_REQUEST' } }]);
});

test('with the secret of the store a locked puller answers questions about its own shards, and nothing else', async () => {
  const { app, url } = start('a', [0]);
  async function isRefused(method: string, path: string, secret = SECRET): Promise<boolean> {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const body = method === 'POST' ? JSON.stringify({ region: 'eu', connected: true }) : null;
    const response = await app.request(url + path, { method, headers, body });
    await response.body?.cancel();
    return [401, 403].includes(response.status);
  }
  const paths = new Set<string>();
  for (const { method, path } of app.routes) {
    if (method === 'ALL' || ['/health', '/ready'].includes(path)) continue;
    if (!(await isRefused(method, `${path}?own=1`))) paths.add(path);
    if (path !== '/peers/ask') expect([path, await isRefused(method, path)]).toEqual([path, true]);
    expect([path, await isRefused(method, `${path}?own=1`, 'wrong')]).toEqual([path, true]);
  }
  expect([...paths].sort()).toEqual(['/events', '/peers/ask']);
  for (const path of ['/fleet/config', '/fleet/dead-letters', '/query', '/metrics', '/history', '/controls']) {
    expect(app.routes.map((route) => route.path)).toContain(path);
  }
});
