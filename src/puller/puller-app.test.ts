import { Hono } from 'hono';
import { beforeEach, expect, test } from 'vitest';
import type { AlertEvent } from '../fleet/fleet-events.js';
import type { Reading } from '../protocol/message.js';
import type { Queue } from '../queue/queue.js';
import { Hub } from './event-hub.js';
import { createPullerApp, type FleetSnapshot, type PullerAppDeps } from './puller-app.js';
import type { Delivery } from './sinks/sink.js';

const TOKEN = 'operator-secret';
const operator = { authorization: `Bearer ${TOKEN}` };
const queue = { name: 'q', depth: async () => ({ visible: 1, inFlight: 2, delayed: 3 }) } as unknown as Queue;

let hub: Hub;

beforeEach(() => {
  hub = new Hub();
});

const reading: Reading = {
  ...{ job_id: 'j-1', execution_id: 'e-1', icon_name: '🚀', color: '#ff5733', region: 'eu', hostname: 'edge-eu-1' },
  ...{ sequence: 1, timestamp: new Date(0).toISOString(), job_submission_time: 1 },
};

/** The puller has received a reading of this sensor just now. */
function observe(over: Partial<Reading> = {}): void {
  const received = { ...reading, ...over };
  const delivery: Delivery = {
    ...{ id: 'm', body: '', message: {}, config: undefined, receivedAt: Date.now(), reading: received },
  };
  hub.observe([delivery]);
}

function pullerWith(over: Partial<PullerAppDeps> = {}) {
  const stats = { received: 0, deleted: 0, deadLettered: 0, failures: 0, lastError: undefined };
  const app = createPullerApp({
    ...{ hub, queue, stats: () => stats, firing: () => [], page: new Hono(), hosts: undefined, token: TOKEN },
    closed: new AbortController().signal,
    ...over,
  });
  return {
    get: (path: string, headers: Record<string, string> = {}) => app.request(path, { headers }),
    tell: (told: unknown, headers: Record<string, string> = operator) =>
      app.request('/fleet/told', { method: 'POST', headers, body: JSON.stringify(told) }),
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
])('nobody tells the fleet view what was done on purpose %s', async (_, token, headers) => {
  observe();
  const puller = pullerWith({ token });
  const told = [{ region: 'eu', connected: false }, { endedJobs: ['j-1'] }, { networkEnds: { since: 0, by: 9e15 } }];
  for (const one of told) {
    const answer = await puller.tell(one, headers);
    expect([answer.status, await answer.json()]).toEqual([
      401,
      { error: { code: 'TOKEN_WRONG', reason: expect.stringContaining('operator token') } },
    ]);
  }
  expect(region()).toMatchObject({ cut: false, live: 1 });
});

test('the operator tells of a region that was cut and of one that was restored', async () => {
  observe();
  const puller = pullerWith();
  expect(await (await puller.tell({ region: 'eu', connected: false })).json()).toEqual({ status: 'noted' });
  expect(region()?.cut).toBe(true);
  await puller.tell({ region: 'eu', connected: true });
  expect(region()?.cut).toBe(false);
});

test('the operator tells of jobs that ended, and of a network that ended', async () => {
  observe();
  observe({ execution_id: 'e-2', job_id: 'j-2', hostname: 'edge-eu-2' });
  const puller = pullerWith();
  await puller.tell({ endedJobs: ['j-2'] });
  expect(region()?.live).toBe(1);
  await puller.tell({ networkEnds: { since: 0, by: Date.now() + 1000 } });
  expect(region()?.live).toBe(0);
});

test.each([{}, { region: 'eu' }, { region: 'eu', connected: 'no' }, { endedJobs: 'j-1' }, [], null])(
  'the operator’s %j is nothing that can be told',
  async (told) => {
    const answer = await pullerWith().tell(told);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'BAD_QUERY' } }]);
  },
);

test('a page of another site is refused everywhere, and so is a name that is not ours', async () => {
  const puller = pullerWith({ hosts: ['localhost'] });
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
  '%s can’t be answered',
  async (path) => {
    const answer = await pullerWith().get(path);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'BAD_QUERY' } }]);
  },
);

test('a puller that ends begins no stream: whoever asks goes to the next one', async () => {
  const answer = await pullerWith({ closed: AbortSignal.abort() }).get('/events');
  expect([answer.status, await answer.json()]).toMatchObject([503, { error: { code: 'STOPPING' } }]);
});

test('whoever comes late hears what fires now before anything else', async () => {
  const alert: AlertEvent = { event: 'alert', rule: 'r', region: 'eu', firing: true, text: 'no reading', at: 1 };
  const closed = new AbortController();
  const response = await pullerWith({ firing: () => [alert], closed: closed.signal }).get('/events');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  while (!text.includes('"alert"')) text += Buffer.from((await reader.read()).value ?? []).toString();
  closed.abort();
  await reader.cancel();
  expect(text).toContain(JSON.stringify([alert]));
});
