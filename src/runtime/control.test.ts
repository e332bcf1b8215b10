/** The control API and its client, over each other: every failure arrives as what it was. */
import { beforeEach, expect, test } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import { type Listener, listen } from '../lib/net/http-server.js';
import { controlClient } from './control-client.js';
import { createControl } from './control-server.js';

let calls: unknown[];
let logged: string[];
let failure: Error | undefined;
beforeEach(() => {
  calls = [];
  logged = [];
  failure = undefined;
});

const handler =
  (name: string) =>
  async (...args: unknown[]) => {
    if (failure) throw failure;
    calls.push([name, ...args]);
  };
const app = createControl(
  { setRegionLink: handler('link'), setEndpoints: handler('endpoints'), stop: () => void calls.push(['stop']) },
  { token: 'secret', log: (text) => logged.push(text) },
);
const call = (method: string, path: string, body?: unknown, token = 'secret') =>
  app.request(path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
const refusal = async (answer: Response | Promise<Response>) => {
  const response = await answer;
  return [response.status, ((await response.json()) as { error: object }).error];
};

test('calls reach their handlers', async () => {
  expect(await (await call('PUT', '/regions/a%20b', { connected: false })).json()).toEqual({ connected: false });
  const change = { puller: 'http://127.0.0.1:1', jobProxy: null };
  expect(await (await call('PATCH', '/endpoints', change)).json()).toEqual(change);
  expect(await (await call('POST', '/stop')).json()).toEqual({ status: 'stopping' });
  expect(calls).toEqual([['link', 'a b', false], ['endpoints', change], ['stop']]);
});

test.each([
  ['POST', '/stop', undefined],
  ['PUT', '/regions/eu', { connected: false }],
  ['PATCH', '/endpoints', { puller: null }],
])('%s %s needs the token', async (method, path, body) => {
  expect(await refusal(call(method, path, body, 'other'))).toEqual([
    403,
    expect.objectContaining({ code: 'TOKEN_WRONG' }),
  ]);
  expect((await app.request(path, { method })).status).toBe(401);
  expect(calls).toEqual([]);
});

test.each([
  ['PUT', '/regions/eu', 'no', 'NOT_JSON', 400],
  ['PUT', '/regions/eu', {}, 'BAD_REQUEST', 422],
  ['PUT', '/regions/eu', { connected: true, more: 1 }, 'BAD_REQUEST', 422],
  ['PATCH', '/endpoints', { puller: 'here' }, 'BAD_REQUEST', 422],
  ['PATCH', '/endpoints', { puller: 'file:///etc/passwd' }, 'BAD_REQUEST', 422],
  ['PATCH', '/endpoints', { jobProxy: 'javascript:alert(1)' }, 'BAD_REQUEST', 422],
  ['PATCH', '/endpoints', { proxy: 'http://127.0.0.1:1' }, 'BAD_REQUEST', 422],
])('%s %s with %j is refused with %s', async (method, path, body, code, status) => {
  expect(await refusal(call(method, path, body))).toEqual([status, expect.objectContaining({ code })]);
  expect([calls, logged]).toEqual([[], []]);
});

test('a body that does not fit is refused by the name of its field', async () => {
  expect((await refusal(call('PATCH', '/endpoints', { jobProxy: 5 })))[1]).toMatchObject({
    message: expect.stringMatching(/^jobProxy: /),
  });
});

test.each([
  [new AppError('NOT_OFFERED', 'not here', { hint: 'elsewhere' }), 422, 'NOT_OFFERED', 0],
  [new AppError('DOCKER_FAILED', 'gone'), 500, 'DOCKER_FAILED', 0],
  [new TypeError('x is not a function'), 500, 'INTERNAL', 1],
])('%s of a handler is answered with %d, and only a bug is logged', async (error, status, code, bugs) => {
  failure = error;
  const expected = { code, message: error.message, reason: error.message };
  expect(await refusal(call('PUT', '/regions/eu', { connected: true }))).toEqual([
    status,
    expect.objectContaining(expected),
  ]);
  expect(logged).toHaveLength(bugs);
  for (const text of logged) expect(text).toMatch(/^PUT \/regions\/eu: TypeError: x is not a function\n +at /);
});

test('a path that is not there', async () => {
  expect(await refusal(call('GET', '/nothing'))).toEqual([404, expect.objectContaining({ code: 'NO_SUCH_PATH' })]);
});

test('the client gives failures back as they were, and names an `up` that is gone', async () => {
  const listener: Listener = await listen({ fetch: app.fetch, host: '127.0.0.1', port: 0, purpose: 'test', flag: '' });
  const client = controlClient(listener.url, 'secret');
  await client.setRegionLink('a/b', true);
  await client.setEndpoints({ puller: null });
  await client.stop();
  expect(calls).toEqual([['link', 'a/b', true], ['endpoints', { puller: null }], ['stop']]);
  failure = new AppError('NOT_OFFERED', 'not here', { hint: 'elsewhere' });
  await expect(client.setRegionLink('eu', true)).rejects.toMatchObject({
    ...{ code: 'NOT_OFFERED', fault: 'user', message: 'not here', hint: 'elsewhere' },
  });
  failure = new Error('bug');
  await expect(client.stop()).resolves.toBeUndefined();
  await expect(client.setEndpoints({})).rejects.toMatchObject({ code: 'INTERNAL', fault: 'system', hint: undefined });
  await listener.close(0);
  await expect(client.stop()).rejects.toMatchObject({ code: 'UP_GONE', fault: 'system' });
});

test('a page under a name that was rebound to this machine is refused, whatever its token', async () => {
  const served = createControl(
    { stop() {}, setEndpoints: async () => {}, setRegionLink: async () => {} },
    { token: 't', hosts: ['localhost'], log: () => {} },
  );
  const ask = (host: string) =>
    served.request('/stop', { method: 'POST', headers: { host, authorization: 'Bearer t' } });
  expect([(await ask('evil.example')).status, (await ask('localhost:1')).status]).toEqual([403, 200]);
});
