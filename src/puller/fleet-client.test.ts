import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FleetClient } from './fleet-client.js';

/** Pauses between tries, which are over at once. */
const pauses = vi.hoisted(() => [] as number[]);
vi.mock('node:timers/promises', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:timers/promises')>()),
  setTimeout: async (ms: number) => {
    pauses.push(ms);
    vi.setSystemTime(Date.now() + ms);
  },
}));

const BASE = 'http://puller.example';
/** What is asked, and what the puller answers, one after the other; then it is gone. */
let asked: { path: string; method: string | undefined; token: string | null }[];
let answers: (() => Response)[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_750_000_000_000 });
  [asked, answers] = [[], []];
  pauses.length = 0;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const { pathname, search } = new URL(url);
    const token = new Headers(init.headers).get('authorization');
    asked.push({ path: pathname + search, method: init.method, token });
    const answer = answers.shift();
    if (!answer) throw new TypeError('fetch failed');
    return answer();
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const json =
  (value: unknown, status = 200) =>
  () =>
    Response.json(value, { status });
const events =
  (...texts: string[]) =>
  () =>
    new Response(texts.join(''));
const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const message = (received_at: number) => ({ event: 'message', message: {}, received_at });
const GONE = { code: 'PULLER_GONE', message: expect.stringContaining(BASE) };

test('a puller that has never answered is not waited for', async () => {
  await expect(new FleetClient(BASE).summary()).rejects.toMatchObject(GONE);
  expect([asked.length, pauses]).toEqual([1, []]);
  answers = [json({}, 503)];
  await expect(new FleetClient(BASE).summary()).rejects.toMatchObject(GONE);
});

test('one that has answered may be started again: it is asked until patience is over', async () => {
  const client = new FleetClient(BASE, { retryForMs: 1000 });
  answers = [json({ time: 1, total: {} })];
  await client.summary();
  // It ends, is away, and is back.
  const away = () => {
    throw new TypeError('fetch failed');
  };
  answers = [json({}, 503), away, json({ time: 2, total: {} })];
  expect(await client.summary()).toEqual({ time: 2, total: {} });
  expect(pauses).toEqual([200, 200]);
  pauses.length = 0;
  await expect(client.summary()).rejects.toMatchObject(GONE);
  expect(pauses).toEqual([200, 200, 200, 200, 200]);
});

test('a puller that moves is asked where it is now', async () => {
  let base = BASE;
  const client = new FleetClient(() => base);
  answers = [json({ total: {} }), json({ total: {} })];
  await client.summary();
  base = `${BASE}/moved`;
  await client.summary();
  expect(asked.map(({ path }) => path)).toEqual(['/fleet/summary', '/moved/fleet/summary']);
});

test('an answer that is none, and a refusal, are errors', async () => {
  answers = [() => new Response('<html>'), json({ error: 'no' }, 400)];
  await expect(new FleetClient(BASE).summary()).rejects.toMatchObject({ code: 'PULLER_GONE' });
  await expect(new FleetClient(BASE).summary()).rejects.toMatchObject({
    ...{ code: 'PULLER_ERROR', message: expect.stringContaining('400') },
  });
});

test('history is asked with what is given, and a refusal says what to ask instead', async () => {
  const client = new FleetClient(BASE);
  answers = [json({ series: [] }), json({ error: { code: 'BAD_QUERY', message: 'no', hint: 'Ask.' } }, 400)];
  expect(await client.history({ metric: 'a', region: undefined, host: 'h&1', from: 0, step: 5 })).toEqual({
    series: [],
  });
  expect(asked[0]!.path).toBe('/history?metric=a&host=h%261&from=0&step=5');
  await expect(client.history({ metric: 'b' })).rejects.toMatchObject({
    message: expect.stringMatching(/no/),
    hint: 'Ask.',
  });
});

test('a puller that is not ready yet is asked again when it says so, and its reason is told in the end', async () => {
  const notReady = () =>
    Response.json(
      { error: { code: 'HISTORY_NOT_READY', message: 'still rolling up' } },
      { status: 503, headers: { 'retry-after': '1' } },
    );
  const client = new FleetClient(BASE);
  answers = [notReady, notReady, json({ series: [] })];
  expect(await client.history({ metric: 'a' })).toEqual({ series: [] });
  expect(pauses).toEqual([1000, 1000]);
  answers = Array.from({ length: 100 }, () => notReady);
  await expect(client.history({ metric: 'a' })).rejects.toMatchObject({
    ...{ code: 'HISTORY_NOT_READY', message: 'still rolling up' },
  });
});

test('annotations carry the token, and a refused one is no failure', async () => {
  answers = [json({}, 401)];
  await new FleetClient(BASE).annotate({ region: 'eu', connected: false }, 'secret');
  await new FleetClient(BASE).annotate({ region: 'eu', connected: false }, 'secret');
  expect(asked[0]).toEqual({ path: '/fleet/annotations', method: 'POST', token: 'Bearer secret' });
});

test('when a puller ends in the middle of a stream the next one goes on from there, without the last event again', async () => {
  const stop = new AbortController();
  answers = [
    events(event('events', [message(10), message(20)])),
    events(event('hello', {}), event('events', [message(30)])),
  ];
  const seen: unknown[] = [];
  for await (const one of new FleetClient(BASE).events({ region: 'eu', since: 5, signal: stop.signal })) {
    seen.push(one);
    if (seen.length === 3) stop.abort();
  }
  expect(seen).toEqual([message(10), message(20), message(30)]);
  expect(asked.map(({ path }) => path)).toEqual(['/events?region=eu&since=5', '/events?region=eu&since=21']);
});

test('a stream in which nothing came goes on from when it began', async () => {
  answers = [events(event('hello', {})), events(event('events', [message(30)]))];
  const stream = new FleetClient(BASE).events({ kinds: ['message', 'alert'] });
  expect((await stream.next()).value).toEqual(message(30));
  await stream.return(undefined);
  expect(asked.map(({ path }) => path)).toEqual([
    '/events?kinds=message%2Calert',
    '/events?since=1750000000000&kinds=message%2Calert',
  ]);
});

test('what a client was too slow for is an error, after what it still got', async () => {
  answers = [events(event('events', [message(10)]), event('dropped', { count: 7 }))];
  const stream = new FleetClient(BASE).events();
  expect((await stream.next()).value).toEqual(message(10));
  await expect(stream.next()).rejects.toMatchObject({
    code: 'EVENTS_LOST',
    message: expect.stringMatching(/^7 events/),
  });
});

test('what a client was too slow for, and a store has, comes with the next connection', async () => {
  answers = [
    events(event('events', [message(10)]), event('dropped', { count: 7, since: 10 })),
    events(event('events', [message(20)])),
  ];
  const stream = new FleetClient(BASE).events();
  expect([(await stream.next()).value, (await stream.next()).value]).toEqual([message(10), message(20)]);
  await stream.return(undefined);
  expect(asked.map(({ path }) => path)).toEqual(['/events', '/events?since=10']);
});

test('a puller that has too many clients is asked again when it says so', async () => {
  const full = () => Response.json({}, { status: 429, headers: { 'retry-after': '2' } });
  answers = [full, full, events(event('events', [message(10)]))];
  const stream = new FleetClient(BASE).events({ since: 1 });
  expect((await stream.next()).value).toEqual(message(10));
  await stream.return(undefined);
  expect(pauses).toEqual([2000, 2000]);
  answers = Array.from({ length: 31 }, () => full);
  await expect(new FleetClient(BASE).events({ since: 1 }).next()).rejects.toMatchObject({ code: 'PULLER_ERROR' });
});

test('what answers with something else is no puller', async () => {
  answers = [json({ status: 'ok' })];
  await expect(new FleetClient(BASE).summary()).rejects.toMatchObject({ code: 'PULLER_ERROR' });
});
