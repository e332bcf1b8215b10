import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { accessLock } from '../lib/net/access-lock.js';
import { MAX_BODY_BYTES } from '../lib/net/request-body.js';
import type { Queue } from '../queue/queue.js';
import { type DesiredConfigStore, desiredConfigStore } from './desired-config-store.js';
import { createProxy, type GuardOptions, type ProxyDeps, type ProxyStats } from './proxy.js';
import { RateLimiter } from './send/rate-limiter.js';

const TOKEN = 'operator-secret';
const queue = {
  name: 'accepts everything',
  send: async (messages: unknown[]) => messages.map((_, i) => ({ ok: true, id: String(i) })),
} as unknown as Queue;

let desired: DesiredConfigStore;
let proxies: ReturnType<typeof createProxy>[] = [];

beforeEach(() => {
  desired = desiredConfigStore();
});

afterEach(async () => {
  await Promise.all(proxies.map((proxy) => proxy.drain()));
  proxies = [];
});

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  body: any;
}

function proxyWith(guard: GuardOptions = {}, onEvent?: ProxyDeps['onEvent']) {
  const own = { operatorToken: TOKEN, ...guard };
  const proxy = createProxy({ queue, desired, guard: own, ...(onEvent ? { onEvent } : {}) });
  proxies.push(proxy);
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const sent = typeof body === 'string' ? body : JSON.stringify(body);
    const init = body === undefined ? { method, headers } : { method, headers, body: sent };
    const response = await proxy.app.request(`http://localhost:9090${path}`, {
      ...init,
      headers: { host: 'localhost:9090', ...headers },
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
}

const operator = { authorization: `Bearer ${TOKEN}` };
const reports = (version: number | string) => ({
  'x-sensor-config': `v=${version};src=ddddd;file=none;interval=5000;paused=0`,
});
const reading = { region: 'eu', hostname: 'edge-eu-1', execution_id: 'e', sequence: 1 };

test('what is set in a scope is given to the sensors of that scope, the narrower over the wider', async () => {
  const call = proxyWith();
  const set = async (scope: object, values: object) =>
    (await call('PATCH', '/config', { scope, set: values }, operator)).body;
  const before = Date.now();
  const fleet = await set({}, { color: '#00FF88', interval: '1' });
  expect(fleet).toEqual({
    version: expect.any(Number),
    scope: {},
    config: { version: fleet.version, color: '#00ff88', interval: 1 },
  });
  expect(fleet.version).toBeGreaterThanOrEqual(before);
  const region = await set({ region: 'eu' }, { color: -1, emoji: 3 });
  const host = await set({ hostname: 'edge-eu-1' }, { emoji: 'random', paused: 'yes' });
  expect(fleet.version < region.version && region.version < host.version).toBe(true);
  const effective = async (where: string) => (await call('GET', `/config/effective?${where}`)).body.config;
  expect(await effective('region=eu&hostname=edge-eu-1')).toEqual({
    version: host.version,
    ...{ color: 'random', emoji: -1, interval: 1, paused: true },
  });
  expect(await effective('region=eu&hostname=edge-eu-2')).toEqual({
    version: region.version,
    ...{ color: 'random', emoji: 3, interval: 1 },
  });
  expect(await effective('region=us&hostname=edge-us-1')).toEqual({
    version: fleet.version,
    ...{ color: '#00ff88', interval: 1 },
  });
  expect((await call('GET', '/config')).body).toMatchObject({
    version: host.version,
    fleet: fleet.config,
    regions: { eu: region.config },
    hosts: { 'edge-eu-1': host.config },
  });
});

test('unset leaves a field to the wider scope; the version grows, so that sensors hear of it', async () => {
  const call = proxyWith();
  await call('PATCH', '/config', { set: { color: '#111111' } }, operator);
  const set = await call(
    'PATCH',
    '/config',
    { scope: { region: 'eu' }, set: { color: '#222222', emoji: 1 } },
    operator,
  );
  const unset = await call('PATCH', '/config', { scope: { region: 'eu' }, unset: ['color'] }, operator);
  expect(unset.body.config).toEqual({ version: unset.body.version, emoji: 1 });
  expect(unset.body.version).toBeGreaterThan(set.body.version);
  expect((await call('GET', '/config/effective?region=eu&hostname=h')).body.config.color).toBe('#111111');
  // Of both at once, unset counts; and a change of nothing is a version, too.
  const both = await call('PATCH', '/config', { set: { color: '#333333', emoji: 2 }, unset: ['color'] }, operator);
  expect(both.body.config).toEqual({ version: both.body.version, emoji: 2 });
  const nothing = await call('PATCH', '/config', {}, operator);
  expect(nothing.body.version).toBeGreaterThan(both.body.version);
  expect(nothing.body.config).toEqual({ version: nothing.body.version, emoji: 2 });
});

test('settings of scopes are merged as other fields are, and can be unset', async () => {
  const call = proxyWith();
  await call(
    'PATCH',
    '/config',
    { set: { color: '#111111', 'settings.threshold': 5, 'settings.alarm': true } },
    operator,
  );
  const eu = { region: 'eu' };
  await call(
    'PATCH',
    '/config',
    { scope: eu, set: { 'settings.threshold': -7.5 }, unset: ['settings.alarm'] },
    operator,
  );
  const effective = async () => (await call('GET', '/config/effective?region=eu&hostname=h')).body.config;
  expect(await effective()).toMatchObject({ color: '#111111', 'settings.threshold': -7.5, 'settings.alarm': true });
  await call('PATCH', '/config', { scope: eu, unset: ['settings.threshold'] }, operator);
  expect(await effective()).toMatchObject({ 'settings.threshold': 5 });
});

test.each([
  ['not JSON', '{', 400, 'NOT_JSON', /JSON/],
  ['a colour by name', { set: { color: 'reddish' } }, 422, 'BAD_FIELD', /^color must be a colour/],
  ['an emoji that there is not', { set: { emoji: 16 } }, 422, 'BAD_FIELD', /^emoji must be .*15/],
  ['an interval of 0', { set: { interval: 0 } }, 422, 'BAD_FIELD', /^interval must be at least 0.05/],
  ['an interval of two days', { set: { interval: 172_800 } }, 422, 'BAD_FIELD', /^interval must be at most 86400/],
  ['an interval in words', { set: { interval: 'often' } }, 422, 'BAD_FIELD', /^interval must be a number/],
  ['paused by a word', { set: { paused: 'maybe' } }, 422, 'BAD_FIELD', /^paused must be true or false/],
  ['a field that there is not', { set: { colour: '#000000' } }, 422, 'BAD_FIELD', /colour/],
  ['unset of a field that there is not', { unset: ['size'] }, 422, 'BAD_FIELD', /^unset\.0 /],
  [
    'a setting that is a word',
    { set: { 'settings.threshold': 'high' } },
    422,
    'BAD_FIELD',
    /^settings\.threshold must be/,
  ],
  [
    'more settings than a sensor can be told',
    { set: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`settings.s${i}`, i])) },
    422,
    'BAD_FIELD',
    /more than 16 settings/,
  ],
  ['a scope that there is not', { scope: { planet: 'mars' } }, 422, 'BAD_FIELD', /scope/],
  ['an emoji of null', { set: { emoji: null } }, 422, 'BAD_FIELD', /^emoji must be/],
  ['an interval of true', { set: { interval: true } }, 422, 'BAD_FIELD', /^interval must be a number/],
  ['a version that sensors could not read', { seen: 9e15 }, 422, 'BAD_FIELD', /^seen/],
  ['two scopes', { scope: { region: 'eu', hostname: 'h' } }, 422, 'BAD_FIELD', /scope/],
  ['an array', [], 422, 'BAD_FIELD', /./],
])('a change with %s is refused, naming it, and changes nothing', async (_, body, status, code, reason) => {
  const call = proxyWith();
  const answer = await call('PATCH', '/config', body, operator);
  const { message } = answer.body.error;
  expect([answer.status, answer.body]).toEqual([status, { error: { code, message, reason: message } }]);
  expect(message).toMatch(reason);
  expect(desired.version).toBe(0);
});

// Who asks, how, and what comes of it.
const loopback: GuardOptions = { hosts: ['localhost', '127.0.0.1', '::1'], sensorToken: 'sensor-secret' };
const WHO: [string, string, string, Record<string, string>, number, string | undefined][] = [
  ['no token', 'PATCH', '/config', {}, 401, 'TOKEN_MISSING'],
  ['a wrong token', 'PATCH', '/config', { authorization: 'Bearer operator-secreT' }, 403, 'TOKEN_WRONG'],
  ['half a token', 'PATCH', '/config', { authorization: 'Bearer operator' }, 403, 'TOKEN_WRONG'],
  ['the token without its scheme', 'PATCH', '/config', { authorization: TOKEN }, 403, 'TOKEN_WRONG'],
  ["a sensor's token", 'PATCH', '/config', { authorization: 'Bearer sensor-secret' }, 403, 'TOKEN_WRONG'],
  [
    'the token, from another origin',
    'PATCH',
    '/config',
    { ...operator, origin: 'http://evil.example' },
    403,
    'FOREIGN_ORIGIN',
  ],
  [
    'the token, from another port here',
    'PATCH',
    '/config',
    { ...operator, origin: 'http://localhost:1' },
    403,
    'FOREIGN_ORIGIN',
  ],
  ['the token, from no origin', 'PATCH', '/config', { ...operator, origin: 'null' }, 403, 'FOREIGN_ORIGIN'],
  ['the token, to another Host', 'PATCH', '/config', { ...operator, host: 'evil.example:9090' }, 403, 'UNKNOWN_HOST'],
  ['the token, to no Host', 'PATCH', '/config', { ...operator, host: '' }, 403, 'UNKNOWN_HOST'],
  ['nothing, to another Host', 'GET', '/config', { host: 'evil.example' }, 403, 'UNKNOWN_HOST'],
  ['nothing, from another origin', 'GET', '/config', { origin: 'https://localhost:9090.evil' }, 403, 'FOREIGN_ORIGIN'],
  ['a reading without token', 'POST', '/send', {}, 401, 'TOKEN_MISSING'],
  ['a reading with a wrong token', 'POST', '/send', { authorization: 'Bearer sensor' }, 403, 'TOKEN_WRONG'],
  ["a reading with the operator's token", 'POST', '/send', operator, 403, 'TOKEN_WRONG'],
  [
    'a reading from another origin',
    'POST',
    '/send',
    { authorization: 'Bearer sensor-secret', origin: 'http://a' },
    403,
    'FOREIGN_ORIGIN',
  ],
  ['the token', 'PATCH', '/config', operator, 200, undefined],
  [
    'the token, from our own page',
    'PATCH',
    '/config',
    { ...operator, origin: 'http://localhost:9090' },
    200,
    undefined,
  ],
  ['the token, by address', 'PATCH', '/config', { ...operator, host: '127.0.0.1:9090' }, 200, undefined],
  ['the token, by address of IPv6', 'PATCH', '/config', { ...operator, host: '[::1]:9090' }, 200, undefined],
  ['a look without token', 'GET', '/config', {}, 200, undefined],
  ["a reading with the sensors' token", 'POST', '/send', { authorization: 'Bearer sensor-secret' }, 200, undefined],
];

test.each(WHO)('%s: %s %s %j gives %i', async (_, method, path, headers, status, code) => {
  const call = proxyWith(loopback);
  const body = { PATCH: { set: { color: '#00ff88' } }, POST: reading, GET: undefined }[method];
  const answer = await call(method, path, body, headers);
  expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
  expect(desired.version > 0).toBe(method === 'PATCH' && status === 200);
  const stats = (await call('GET', '/stats')).body as ProxyStats;
  expect(stats.refused).toEqual(code === undefined ? {} : { [code]: 1 });
  expect(stats.accepted).toBe(method === 'POST' && status === 200 ? 1 : 0);
  // The right tokens are in nobody's answer.
  if (status !== 200) expect(answer.text).not.toMatch(/-secret/);
});

test('without an operator token nobody changes anything, and the reason says so', async () => {
  const { app } = createProxy({ queue, desired });
  const headers = { authorization: 'Bearer ' };
  const response = await app.request('/config', { method: 'PATCH', headers, body: '{"set":{"emoji":1}}' });
  expect([response.status, await response.json()]).toEqual([
    403,
    {
      error: expect.objectContaining({
        code: 'NOT_ALLOWED',
        message: expect.stringContaining('without an operator token'),
      }),
    },
  ]);
  expect(desired.version).toBe(0);
});

test('configuration rides on an answer only to a sensor that is behind, and as its last member', async () => {
  const call = proxyWith();
  const answerTo = async (headers: Record<string, string>, body: unknown = reading) =>
    (await call('POST', '/send', body, headers)).text;
  const plain = '{"status":"accepted","accepted":1}';
  expect(await answerTo(reports(0))).toBe(plain);
  const { version } = (await call('PATCH', '/config', { scope: { region: 'eu' }, set: { emoji: 5 } }, operator)).body;
  const config = `"config":{"version":${version},"emoji":5}}`;
  expect(await answerTo(reports(0))).toBe(`{"status":"accepted","accepted":1,${config}`);
  expect(await answerTo(reports(version - 1), [reading, reading])).toBe(`{"status":"accepted","accepted":2,${config}`);
  expect(await answerTo(reports(0), [reading, 5])).toMatch(/^{"status":"partial",.*,"config":{[^{]*"emoji":5}}$/);
  for (const headers of [
    reports(version),
    {} as Record<string, string>,
    { 'x-sensor-config': 'nonsense' },
    reports('-1'),
    reports('1e3'),
  ]) {
    expect(await answerTo(headers)).toBe(plain);
  }
  // Nothing was set for these.
  expect(await answerTo(reports(0), { ...reading, region: 'us' })).toBe(plain);
  expect(await answerTo(reports(0), { data: 1 })).toBe(plain);
});

test('a superseded sensor hears of it, too; a refused reading carries nothing', async () => {
  const call = proxyWith();
  await call('PATCH', '/config', { set: { paused: true } }, operator);
  const at = (job_submission_time: number) => ({ ...reading, job_id: 'j', job_submission_time });
  await call('POST', '/send', at(2), reports(0));
  expect((await call('POST', '/send', at(1), reports(0))).body).toMatchObject({
    status: 'superseded',
    config: { paused: true },
  });
  expect((await call('POST', '/send', { ...reading, color: 1 }, reports(0))).body.config).toBeUndefined();
});

test('a sensor that asks hears only what it does not know', async () => {
  const call = proxyWith();
  expect(await call('GET', '/config/effective?region=eu&hostname=h&version=0')).toMatchObject({
    status: 204,
    text: '',
  });
  const { version } = (await call('PATCH', '/config', { set: { interval: 0.2 } }, operator)).body;
  const ask = (known: number) => call('GET', `/config/effective?region=eu&hostname=h&version=${known}`);
  expect((await ask(version - 1)).text).toBe(`{"config":{"version":${version},"interval":0.2}}`);
  expect((await ask(version)).status).toBe(204);
  expect((await ask(version + 1)).status).toBe(204);
  // Whatever is no version knows nothing.
  for (const known of ['', '&version=', '&version=x', '&version=-1']) {
    expect((await call('GET', `/config/effective?region=eu&hostname=h${known}`)).status).toBe(200);
  }
});

test('of an array the first message that is taken decides whose configuration the answer carries', async () => {
  const call = proxyWith();
  await call('PATCH', '/config', { scope: { region: 'us' }, set: { emoji: 1 } }, operator);
  await call('PATCH', '/config', { scope: { region: 'eu' }, set: { emoji: 2 } }, operator);
  const array = [5, { ...reading, region: 'us', hostname: 'h', execution_id: 'e-h' }, reading];
  expect((await call('POST', '/send', array, reports(0))).body).toMatchObject({ accepted: 2, config: { emoji: 1 } });
  expect((await call('POST', '/send', [5], reports(0))).body).not.toHaveProperty('config');
});

test('a token is asked for before the body is read: who has none hears nothing of what is wrong with it', async () => {
  const call = proxyWith({ sensorToken: 'sensor-secret' });
  for (const [method, path] of [
    ['POST', '/send'],
    ['PATCH', '/config'],
    ['PUT', '/config'],
  ] as const) {
    expect((await call(method, path, 'no JSON')).body.error.code).toBe('TOKEN_MISSING');
  }
});

test('a proxy that lost its state changes nothing before that is confirmed, and then begins above', async () => {
  const call = proxyWith();
  const change = { set: { random_off: true } };
  await call('POST', '/send', reading, reports(5000));
  const refused = await call('PATCH', '/config', change, operator);
  expect([refused.status, refused.body.error]).toEqual([
    409,
    expect.objectContaining({ code: 'STATE_LOST', message: expect.stringMatching(/lost version 5000.*--replace/) }),
  ]);
  expect((await call('GET', '/config')).body).toEqual({
    ...{ version: 0, fleet: { version: 0 }, regions: {}, hosts: {}, lost: 5000 },
  });
  expect((await call('PATCH', '/config', { ...change, replace: true }, operator)).status).toBe(200);
  expect((await call('GET', '/config')).body).toMatchObject({ fleet: change.set });
  expect((await call('PATCH', '/config', { set: { emoji: 1 } }, operator)).status).toBe(200);
});

test.each([
  ['a paused sensor that asks', 'GET', '/config/effective?region=eu&hostname=h&version=5000', undefined, reports(5000)],
  ['who makes the change', 'PATCH', '/config', { seen: 5000, set: { emoji: 1 } }, operator],
])('a lost version is heard of from %s, too', async (_, method, path, body, headers) => {
  const call = proxyWith();
  await call(method, path, body, headers);
  expect(desired.lost).toBe(5000);
  expect(desired.version).toBe(0);
});

test('where sensors need a token, a stranger who asks says nothing about versions', async () => {
  const call = proxyWith({ sensorToken: 'sensor-secret' });
  const path = '/config/effective?version=5000';
  await call('GET', path, undefined, reports(5000));
  expect(desired.lost).toBeUndefined();
  await call('GET', path, undefined, { ...reports(5000), authorization: 'Bearer sensor-secret' });
  expect(desired.lost).toBe(5000);
});

test('an address that any page can have opened says nothing about versions, nor does one that nobody gave out', async () => {
  const call = proxyWith();
  await call('GET', '/config/effective?version=5000');
  await call('GET', '/config/effective?version=5000.5', undefined, reports(5000.5));
  await call('POST', '/send', reading, reports(999_999_999_999_999));
  await call('POST', '/send', reading, reports(Date.now() + 2 * 86_400_000));
  expect(desired.lost).toBeUndefined();
});

test('a newer state of another proxy replaces the one here; only the operator can give it', async () => {
  const call = proxyWith();
  await call('POST', '/send', reading, reports(5000));
  const state = { version: 5000, fleet: { version: 5000, color: '#00ff88' }, regions: {}, hosts: {} };
  expect((await call('PUT', '/config', state)).status).toBe(401);
  expect((await call('PUT', '/config', { ...state, version: 9e15 }, operator)).status).toBe(422);
  expect((await call('PUT', '/config', state, operator)).body).toEqual(state);
  const older = { ...state, version: 4999, fleet: { version: 4999, color: '#000000' } };
  expect((await call('PUT', '/config', older, operator)).body).toEqual(state);
  expect((await call('GET', '/config')).body).toEqual(state);
});

test('a GET with the ETag of the configuration gets 304 and no body', async () => {
  const call = proxyWith();
  await call('PATCH', '/config', { set: { emoji: 1 } }, operator);
  const first = await call('GET', '/config');
  const etag = first.headers.get('etag')!;
  expect([first.status, etag]).toEqual([200, `"${desired.version}"`]);
  const ask = (known: string) => call('GET', '/config', undefined, { 'if-none-match': known });
  expect(await ask(etag)).toMatchObject({ status: 304, text: '' });
  expect((await ask('"1"')).status).toBe(200);
  // That a state is lost is news, too.
  desired.recordReportedVersion(desired.version + 5);
  const lost = await ask(etag);
  expect([lost.status, lost.body.lost]).toEqual([200, desired.lost]);
  expect((await ask(lost.headers.get('etag')!)).status).toBe(304);
});

test('a version that a follower knows of counts only with the operator token', async () => {
  const call = proxyWith();
  for (const headers of [{}, { authorization: 'Bearer other' }]) {
    expect((await call('GET', '/config?seen=5000', undefined, headers)).status).toBe(200);
    expect(desired.lost).toBeUndefined();
  }
  for (const seen of ['', 'x', '-1', '1e15', '0.5']) await call('GET', `/config?seen=${seen}`, undefined, operator);
  expect(desired.lost).toBeUndefined();
  expect((await call('GET', '/config?seen=5000', undefined, operator)).body.lost).toBe(5000);
});

test.each([
  ['nothing is known', {}, undefined, 1],
  ['the newest version is given', { seen: 0 }, undefined, 0],
  ['a loss is confirmed', { replace: true }, undefined, 0],
  ['a loss is known already', {}, 5000, 0],
  ['a known loss is confirmed', { replace: true }, 5000, 0],
])('a change waits for what sensors have only where it may matter: %s', async (_, change, lost, times) => {
  const waitForAllReports = vi.spyOn(desired, 'waitForAllReports');
  if (lost !== undefined) desired.recordReportedVersion(lost);
  await proxyWith()('PATCH', '/config', { set: { emoji: 1 }, ...change }, operator);
  expect(waitForAllReports).toHaveBeenCalledTimes(times);
});

test('a change that is too long is refused unread, one without a token by the right that it needs', async () => {
  const call = proxyWith();
  const headers = { ...operator, 'content-length': String(MAX_BODY_BYTES + 1) };
  const long = await call('PATCH', '/config', '{}', headers);
  expect([long.status, long.body.error.code]).toEqual([413, 'TOO_LARGE']);
  expect((await call('PATCH', '/config', '{}')).body.error.message).toMatch(/^changing configuration needs a token/);
});

test('a bug is reported, and is nobody’s fault', async () => {
  const logged: string[] = [];
  const bug = new TypeError('a bug');
  vi.spyOn(desired, 'patch').mockImplementation(() => {
    throw bug;
  });
  const guard = { operatorToken: TOKEN };
  const { app } = createProxy({ queue, desired, guard, log: (text) => logged.push(text) });
  const response = await app.request('/config', { method: 'PATCH', headers: operator, body: '{"set":{"emoji":1}}' });
  expect([response.status, response.headers.get('retry-after'), await response.json()]).toEqual([
    ...[500, '2'],
    { error: { code: 'INTERNAL', message: 'a bug', reason: 'a bug' } },
  ]);
  expect(logged).toEqual([`PATCH /config: ${bug.stack}`]);
  expect((await proxyWith()('PATCH', '/config', { set: { emoji: 1 } }, operator)).status).toBe(500);
});

test('a sender over its rate waits, all others go on', async () => {
  const call = proxyWith({ rateLimit: 5 });
  const send = (hostname: string, count: number) =>
    call('POST', '/send', Array(count).fill({ ...reading, hostname, execution_id: hostname }));
  // A backlog is taken once, on credit.
  expect((await send('edge-eu-1', 60)).body).toMatchObject({ accepted: 60 });
  const refused = await send('edge-eu-1', 1);
  expect([refused.status, refused.body.error.code]).toEqual([429, 'TOO_FAST']);
  // 60 readings less the burst of two seconds, at 5 a second.
  expect([8, 9, 10]).toContain(Number(refused.headers.get('retry-after')));
  expect((await send('edge-eu-2', 1)).status).toBe(200);
  expect((await call('GET', '/stats')).body).toMatchObject({ received: 61, refused: { TOO_FAST: 1 } });
});

test('a rate limit gives bursts of two seconds, and fills up again', () => {
  const limiter = new RateLimiter(5);
  const take = (ms: number) => limiter.take('edge-eu-1', 1, 1_750_000_000_000 + ms);
  expect(Array.from({ length: 11 }, () => take(0)).map((wait) => wait === undefined)).toEqual([
    ...Array(10).fill(true),
    false,
  ]);
  expect(take(0)).toBe(1);
  expect(take(200)).toBeUndefined();
  expect(take(200)).toBe(1);
  expect(Array.from({ length: 11 }, () => take(60_000)).filter((wait) => wait === undefined)).toHaveLength(10);
});

test('a change that can’t be kept is a failure of the proxy, to be tried again, and is not in force', async () => {
  // A file where the folder should be.
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  try {
    desired = desiredConfigStore(join(folder, 'desired.json'), 0);
    const call = proxyWith();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    const answer = await call('PATCH', '/config', { set: { emoji: 1 } }, operator);
    expect([answer.status, answer.headers.get('retry-after'), answer.body]).toMatchObject([
      ...[503, '2', { error: { code: 'STATE_UNWRITABLE' } }],
    ]);
    expect((await call('GET', '/config')).body.fleet).toEqual({ version: 0 });
    expect((await call('GET', '/stats')).body.refused).toEqual({ STATE_UNWRITABLE: 1 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a proxy that began with nothing listens to its sensors before it takes a change', async () => {
  const call = proxyWith();
  const version = Date.now() - 1000;
  // Whoever waits hears of a version that this proxy has lost.
  const waitForAllReports = vi
    .spyOn(desired, 'waitForAllReports')
    .mockImplementation(async () => desired.recordReportedVersion(version));
  const change = { set: { emoji: 1 } };
  expect((await call('PATCH', '/config', change, operator)).body.error.code).toBe('STATE_LOST');
  expect(waitForAllReports).toHaveBeenCalledTimes(1);
  // Who has seen the sensors, or gives up what was lost, need not wait.
  expect((await call('PATCH', '/config', { ...change, seen: version }, operator)).status).toBe(409);
  expect((await call('PATCH', '/config', { ...change, replace: true }, operator)).status).toBe(200);
  expect(waitForAllReports).toHaveBeenCalledTimes(1);
});

test.each(['/config', '/stats'])('with a lock, %s needs a token that reads', async (path) => {
  const ask = proxyWith({ lock: accessLock([TOKEN, 'viewer']), sensorToken: 'sensor' });
  expect(await ask('GET', path)).toMatchObject({ status: 401, body: { error: { code: 'TOKEN_MISSING' } } });
  expect((await ask('GET', path, undefined, { authorization: 'Bearer sensor' })).status).toBe(403);
  for (const token of [TOKEN, 'viewer'])
    expect((await ask('GET', path, undefined, { authorization: `Bearer ${token}` })).status).toBe(200);
});

test('with a lock, sensors read their configuration with their token, and a viewer changes nothing', async () => {
  const ask = proxyWith({ lock: accessLock([TOKEN, 'viewer']), sensorToken: 'sensor' });
  const read = (token?: string) =>
    ask('GET', '/config/effective?region=eu&hostname=h', undefined, token ? { authorization: `Bearer ${token}` } : {});
  expect(await read()).toMatchObject({ status: 401, body: { error: { code: 'TOKEN_MISSING' } } });
  expect((await read('other')).status).toBe(403);
  for (const token of ['sensor', 'viewer', TOKEN]) expect((await read(token)).status).toBe(200);
  const change = { scope: {}, set: { paused: true }, seen: 0 };
  expect((await ask('PATCH', '/config', change, { authorization: 'Bearer viewer' })).status).toBe(403);
  const open = proxyWith({ lock: accessLock([TOKEN]) });
  expect((await open('GET', '/config/effective?region=eu')).status).toBe(200);
});

test('a change is reported once it is saved, with its scope; one that is refused is none', async () => {
  const events: unknown[] = [];
  const call = proxyWith({}, (event) => events.push(event));
  const token = { authorization: `Bearer ${TOKEN}` };
  await call('PATCH', '/config', { scope: { region: 'eu' }, set: { paused: true }, unset: ['color'] }, token);
  await call('PATCH', '/config', { set: { interval: -1 } }, token);
  await call('PATCH', '/config', { set: { interval: 1 } });
  expect(events.filter((event) => (event as { type: string }).type === 'config.changed')).toEqual([
    {
      ...{ type: 'config.changed', version: desired.version, scope: { region: 'eu' } },
      ...{ set: { paused: true }, unset: ['color'] },
    },
  ]);
});
