import { Hono } from 'hono';
import { beforeEach, expect, test } from 'vitest';
import type { AlertEvent, FleetEvent } from '../fleet/fleet-events.js';
import { accessLock } from '../lib/net/access-lock.js';
import type { Reading } from '../protocol/message.js';
import { parseReportedConfig, type ReportedConfig } from '../protocol/sensor-config.js';
import type { Queue } from '../queue/queue.js';
import type { SqliteStore } from '../store/sqlite/sqlite-store.js';
import { oneUnit } from '../test/support/one-unit.js';
import type { Delivery } from './delivery.js';
import { EventHub } from './events/event-hub.js';
import { createPullerApp, type FleetSnapshot, type PullerAppDeps } from './puller-app.js';
import type { Unit } from './shards/units.js';

const TOKEN = 'operator-secret';
const operator = { authorization: `Bearer ${TOKEN}` };
const queue = { name: 'q', depth: async () => ({ visible: 1, inFlight: 2, delayed: 3 }) } as unknown as Queue;

let hub: EventHub;
let logged: string[];

beforeEach(() => {
  hub = new EventHub();
  logged = [];
});

const reading: Reading = {
  ...{ job_id: 'j-1', execution_id: 'e-1', icon_name: '🚀', color: '#ff5733', region: 'eu', hostname: 'edge-eu-1' },
  ...{ sequence: 1, timestamp: new Date(0).toISOString(), job_submission_time: 1 },
};

/** The puller has received a reading of this sensor just now. */
function observe(over: Partial<Reading> = {}, config?: ReportedConfig): void {
  const received = { ...reading, ...over };
  const delivery: Delivery = {
    ...{ id: 'm', body: '', message: {}, config, receivedAt: Date.now(), reading: received },
  };
  hub.record([delivery]);
}

type Given = Partial<Pick<PullerAppDeps, 'firing' | 'closed'>> & { http?: Partial<PullerAppDeps['http']> };

function pullerWith({ http, firing, closed, ...unit }: Given & Partial<Unit> = {}) {
  const app = createPullerApp({
    units: oneUnit(hub, { queue, ...unit }),
    bus: hub,
    firing: firing ?? (() => []),
    closed: closed ?? new AbortController().signal,
    http: { page: new Hono(), token: TOKEN, log: (text) => logged.push(text), ...http },
  });
  return {
    request: app.request,
    get: (path: string, headers: Record<string, string> = {}) => app.request(path, { headers }),
    annotate: (annotation: unknown, headers: Record<string, string> = operator) =>
      app.request('/fleet/annotations', { method: 'POST', headers, body: JSON.stringify(annotation) }),
  };
}

const region = () => hub.fleet.summary(Date.now()).regions[0];

test.each<[string, string | undefined, Record<string, string>]>([
  ['without a token', TOKEN, {}],
  ['with another token', TOKEN, { authorization: 'Bearer sensor-secret' }],
  ['with the token in another form', TOKEN, { authorization: TOKEN }],
  ['where no operator has a token', undefined, operator],
  ['where no operator has a token, without one', undefined, {}],
  ['where no operator has a token, with its text', undefined, { authorization: 'Bearer undefined' }],
])('annotations are refused %s', async (_, token, headers) => {
  observe();
  const puller = pullerWith({ http: { token } });
  const annotations = [
    { region: 'eu', connected: false },
    { endedJobs: ['j-1'] },
    { networkEnds: { since: 0, by: 9e15 } },
  ];
  for (const one of annotations) {
    const answer = await puller.annotate(one, headers);
    expect(answer.status).toBeOneOf([401, 403]);
    expect(await answer.json()).toMatchObject({ error: { code: expect.stringMatching(/^(TOKEN_|NOT_ALLOWED)/) } });
  }
  expect(region()).toMatchObject({ cut: false, live: 1 });
});

test('an annotation says that a region was cut or restored', async () => {
  observe();
  const puller = pullerWith();
  expect(await (await puller.annotate({ region: 'eu', connected: false })).json()).toEqual({ status: 'noted' });
  expect(region()?.cut).toBe(true);
  await puller.annotate({ region: 'eu', connected: true });
  expect(region()?.cut).toBe(false);
});

test('an annotation says that jobs were stopped, or that the network stops', async () => {
  observe();
  observe({ execution_id: 'e-2', job_id: 'j-2', hostname: 'edge-eu-2' });
  const puller = pullerWith();
  await puller.annotate({ endedJobs: ['j-2'] });
  expect(region()?.live).toBe(1);
  await puller.annotate({ networkEnds: { since: 0, by: Date.now() + 1000 } });
  expect(region()?.live).toBe(0);
});

test.each([[{}], [{ region: 'eu' }], [{ region: 'eu', connected: 'no' }], [{ endedJobs: 'j-1' }], [[]], [null]])(
  '%j is no annotation',
  async (annotation) => {
    const answer = await pullerWith().annotate(annotation);
    expect([answer.status, await answer.json()]).toMatchObject([422, { error: { code: 'BAD_REQUEST' } }]);
  },
);

test.each(['/fleet/annotations', '/fleet/convergence'])('a body for %s that is not JSON is refused', async (path) => {
  const answer = await pullerWith().request(path, { method: 'POST', headers: operator, body: 'no' });
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'NOT_JSON' } }]);
});

test('convergence is that of the scope, with the jobs of the network', async () => {
  const config = parseReportedConfig('v=0;src=ddddd;file=none;interval=5000;paused=0');
  observe({}, config);
  observe({ execution_id: 'e-2', job_id: 'j-2', hostname: 'edge-us-1', region: 'us' }, config);
  const state = { version: 0, fleet: { version: 0 }, regions: {}, hosts: {} };
  const convergence = async (query: object) => {
    const body = JSON.stringify({ state, ...query });
    return (await pullerWith().request('/fleet/convergence', { method: 'POST', body })).json();
  };
  expect(await convergence({ scope: {} })).toMatchObject({ sensors: 2, converged: 2 });
  expect(await convergence({ scope: { region: 'us' } })).toMatchObject({ sensors: 1 });
  const jobs = { deployed: ['j-1'], ended: ['j-2'] };
  expect(await convergence({ scope: {}, jobs })).toMatchObject({ sensors: 1 });
});

test('the desired state of thousands of hosts is checked at once, and each host of it has a version', async () => {
  const hosts: Record<string, object> = {};
  for (let i = 0; i < 10_000; i++) hosts[`edge-${i}`] = { version: 1, color: '#ff0000' };
  const state = { version: 1, fleet: { version: 0 }, regions: {}, hosts };
  const ask = (body: object) =>
    pullerWith().request('/fleet/convergence', { method: 'POST', body: JSON.stringify({ scope: {}, ...body }) });
  expect((await ask({ state })).status).toBe(200);
  for (const wrong of [{ version: 'x' }, {}, null, 5]) {
    const bad = await ask({ state: { ...state, hosts: { ...hosts, 'edge-999': wrong } } });
    expect([bad.status, await bad.json()]).toMatchObject([
      422,
      { error: { code: 'BAD_REQUEST', message: expect.stringMatching(/^state\.hosts\.edge-999: /) } },
    ]);
  }
});

test('a bug is answered with 500, and its stack is logged', async () => {
  const stats = () => {
    throw new Error('a bug');
  };
  const answer = await pullerWith({ stats }).get('/stats');
  expect([answer.status, await answer.json()]).toMatchObject([500, { error: { code: 'INTERNAL' } }]);
  expect(logged).toEqual([expect.stringMatching(/^GET \/stats: Error: a bug\n +at /)]);
});

test('a path that does not exist is named', async () => {
  const answer = await pullerWith().get('/nothing');
  expect([answer.status, await answer.json()]).toMatchObject([
    ...[404, { error: { code: 'NO_SUCH_PATH', message: 'there is no GET /nothing here' } }],
  ]);
});

/** A store of three readings and a message. */
const store = {
  positionAt: (since: number) => ({ reading: since - 1, message: { receivedAt: since, id: 0 } }),
  readingsAfter: (id: number) =>
    [10, 30, 40]
      .filter((at) => at > id)
      .map((at) => ({
        id: at,
        reading: { ...reading, region: at === 40 ? 'us' : 'eu', sequence: at },
        receivedAt: at,
      })),
  messagesAfter: ({ receivedAt, id }: { receivedAt: number; id: number }) =>
    receivedAt <= 20 && id < 1 ? [{ id: 1, message: { n: 1 }, receivedAt: 20, size: 7 }] : [],
} as unknown as SqliteStore;

test.each([
  ['/events?since=0&kinds=reading,message', ['reading 10', 'message 20', 'reading 30', 'reading 40']],
  ['/events?since=30', ['reading 30', 'reading 40']],
  ['/events?since=0&kinds=message', ['message 20']],
  ['/events?since=0&kinds=reading', ['reading 10', 'reading 30', 'reading 40']],
  ['/events?since=0&region=us', ['reading 40']],
  ['/events?since=0&region=', ['reading 10', 'message 20', 'reading 30', 'reading 40']],
])('%s begins with what was stored since then, in order of arrival', async (path, expected) => {
  const events = await firstEvents(pullerWith({ store }).get(path));
  const shown = events.map((event) => `${event.event} ${'received_at' in event ? event.received_at : ''}`);
  expect(shown).toEqual(expected);
  expect(events.filter((event) => event.event === 'reading' && event.late)).toEqual([]);
});

/** The events of the first frame that has some. */
async function firstEvents(response: Response | Promise<Response>): Promise<FleetEvent[]> {
  const reader = ((await response).body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  for (;;) {
    const frame = /event: events\ndata: (.*)\n\n/.exec(text);
    if (!frame) {
      text += Buffer.from((await reader.read()).value ?? []).toString();
      continue;
    }
    await reader.cancel();
    return JSON.parse(frame[1]!) as FleetEvent[];
  }
}

test('a page of another site is refused everywhere, and so is a name that is not ours', async () => {
  const puller = pullerWith({ http: { hosts: ['localhost'] } });
  for (const path of ['/fleet', '/events', '/health', '/nothing']) {
    const foreign = await puller.get(path, { host: 'localhost', origin: 'http://evil.example' });
    expect([foreign.status, await foreign.json()]).toMatchObject([403, { error: { code: 'FOREIGN_ORIGIN' } }]);
    expect((await puller.get(path, { host: 'evil.example' })).status).toBe(403);
  }
  expect((await puller.get('/fleet', { host: 'localhost' })).status).toBe(200);
});

test('the statistics say what is in the queue, and leave it out while the queue does not answer', async () => {
  const mute = { ...queue, depth: () => Promise.reject(new Error('away')) } as unknown as Queue;
  const stats = async (of: Queue) => (await pullerWith({ queue: of }).get('/stats')).json();
  expect(await stats(queue)).toMatchObject({ queue: 'q', depth: { visible: 1 }, received: 0 });
  const without = (await stats(mute)) as object;
  expect(without).toMatchObject({ queue: 'q', received: 0 });
  expect(without).not.toHaveProperty('depth');
});

test('the snapshot has every sensor, and counts since a submission are of that or a newer one', async () => {
  observe();
  observe({ execution_id: 'e-2', hostname: 'edge-us-1', region: 'us', job_submission_time: 5 });
  const puller = pullerWith();
  const { summary, sensors } = (await (await puller.get('/fleet')).json()) as FleetSnapshot;
  expect([summary.total.live, sensors.map(({ hostname }) => hostname)]).toEqual([2, ['edge-eu-1', 'edge-us-1']]);
  expect(await (await puller.get('/fleet/since?submission=1')).json()).toEqual({ eu: 1, us: 1 });
  expect(await (await puller.get('/fleet/since?submission=5')).json()).toEqual({ us: 1 });
});

test.each(['/fleet/since', '/fleet/since?submission=soon', '/events?since=soon', '/events?kinds=reading,gossip'])(
  '%s is refused',
  async (path) => {
    const answer = await pullerWith().get(path);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'BAD_QUERY' } }]);
  },
);

test('a puller that is stopping begins no stream', async () => {
  const answer = await pullerWith({ closed: AbortSignal.abort() }).get('/events');
  expect([answer.status, await answer.json()]).toMatchObject([503, { error: { code: 'STOPPING' } }]);
});

test('four clients may read the past at the same time; a fifth is told to try again, and gets in when one is through', async () => {
  const puller = pullerWith({ store });
  const past = () => puller.get('/events?since=0');
  const reading = await Promise.all([past(), past(), past(), past()]);
  const fifth = await past();
  expect([fifth.status, fifth.headers.get('retry-after'), await fifth.json()]).toMatchObject([
    ...[429, '2', { error: { code: 'TOO_MANY_STREAMS' } }],
  ]);
  expect((await puller.get('/events')).status).toBe(200);
  await firstEvents(reading[0]!);
  await expect.poll(async () => (await past()).status).toBe(200);
});

test('a hundred clients may listen', async () => {
  const puller = pullerWith();
  const listening = await Promise.all(Array.from({ length: 100 }, () => puller.get('/events')));
  expect(new Set(listening.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await puller.get('/events')).status).toBe(429);
  await listening[0]!.body!.cancel();
  await expect.poll(async () => (await puller.get('/events')).status).toBe(200);
});

test('the alerts that fire now come first', async () => {
  const alert: AlertEvent = {
    ...{ event: 'alert', type: 'region.silent', rule: 'r', region: 'eu', firing: true, silent_ms: 1 },
    ...{ text: 'no reading', at: 1 },
  };
  const puller = pullerWith({ store, firing: () => [alert] });
  expect(await firstEvents(puller.get('/events?since=40'))).toEqual([alert]);
});

const LOCKED = [
  '/stats',
  '/metrics',
  '/fleet',
  '/fleet/summary',
  '/fleet/since?submission=1',
  '/events',
  '/fleet/convergence',
  '/history?metric=readings.rate',
  '/query',
  '/export?since=0&until=1',
];
test.each(LOCKED)('with a lock, %s needs a token that reads; the operator’s and a viewer’s do', async (path) => {
  const { request } = pullerWith({ http: { lock: accessLock([TOKEN, 'viewer']) } });
  const ask = async (headers: Record<string, string>) => {
    const stop = new AbortController();
    const method = ['/fleet/convergence', '/query'].includes(path) ? 'POST' : 'GET';
    const response = await request(path, { method, headers, signal: stop.signal });
    stop.abort();
    return response.status;
  };
  expect(await ask({})).toBe(401);
  expect(await ask({ authorization: 'Bearer sensor-secret' })).toBe(403);
  for (const token of [TOKEN, 'viewer'])
    expect(await ask({ authorization: `Bearer ${token}` })).not.toBeOneOf([401, 403]);
});

test('a viewer changes nothing, and health needs no token', async () => {
  const { annotate, get } = pullerWith({ http: { lock: accessLock([TOKEN, 'viewer']) } });
  const viewer = { authorization: 'Bearer viewer' };
  expect((await annotate({ region: 'eu', connected: false }, viewer)).status).toBe(403);
  expect((await annotate({ region: 'eu', connected: false })).status).toBe(200);
  expect((await get('/health')).status).toBe(200);
});
