import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ProxyClient } from './proxy-client.js';

const URL = 'http://proxy:9090';
let answer: () => Promise<Response>;
const asked = vi.fn((_url: string, _init: RequestInit) => answer());

beforeEach(() => {
  asked.mockClear();
  vi.stubGlobal('fetch', asked);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const client = new ProxyClient(URL, { token: 'secret' });
const answers = (status: number, body: unknown) => {
  answer = async () => (typeof body === 'string' ? new Response(body, { status }) : Response.json(body, { status }));
};
const failure = () => client.state().catch((error: unknown) => error);

test('it reads the state, and makes a change with the token', async () => {
  const state = { version: 3, fleet: { version: 3, emoji: 1 }, regions: {}, hosts: {} };
  answers(200, { ...state, more: 1 });
  expect(await client.state()).toEqual(state);
  answers(200, { version: 4 });
  expect(await client.patch({ scope: { region: 'eu' }, set: { paused: true } })).toBe(4);
  const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' };
  const signal = expect.any(AbortSignal);
  expect(asked.mock.calls).toEqual([
    [`${URL}/config`, { method: 'GET', headers, signal, redirect: 'error' }],
    [
      `${URL}/config`,
      { method: 'PATCH', headers, signal, redirect: 'error', body: '{"scope":{"region":"eu"},"set":{"paused":true}}' },
    ],
  ]);
});

test('a host is revoked only where the answer says so', async () => {
  answers(200, { revoked: ['Edge-1'] });
  await client.revoke('edge-1', true);
  await client.revoke('edge-2', false);
  const notProxy = { code: 'PROXY_ERROR', message: expect.stringContaining('is not a proxy') };
  await expect(client.revoke('edge-2', true)).rejects.toMatchObject(notProxy);
  await expect(client.revoke('edge-1', false)).rejects.toMatchObject(notProxy);
  answers(200, { a: 1 });
  await expect(client.revoke('edge-1', true)).rejects.toMatchObject(notProxy);
});

// Longer than a proxy without a state listens to its sensors.
test('a proxy has 20 s to answer', async () => {
  const timeout = vi.spyOn(AbortSignal, 'timeout');
  answers(200, { version: 1 });
  await client.patch({});
  expect(timeout).toHaveBeenCalledWith(20_000);
});

test.each([
  [400, 'NOT_JSON', 'user', /^Correct the value/],
  [401, 'TOKEN_MISSING', 'user', /WASM_SENSORS_TOKEN/],
  [403, 'TOKEN_WRONG', 'user', /WASM_SENSORS_TOKEN/],
  [409, 'STATE_LOST', 'user', /--replace/],
  [409, 'NOT_AUTHORITY', 'user', /--follow/],
  [499, 'BAD_FIELD', 'user', /^Correct the value/],
  [500, 'INTERNAL', 'system', /Read its log/],
  [503, 'AUTHORITY_UNREACHABLE', 'system', /^Try again/],
])('the answer %i %s is an error with a hint', async (status, code, fault, hint) => {
  answers(status, { error: { code, message: 'why', reason: 'why' } });
  const did = status < 500 ? 'refused' : 'failed';
  expect(await failure()).toMatchObject({
    ...{ code, fault, message: `the proxy at ${URL} ${did}: why`, hint: expect.stringMatching(hint) },
  });
});

test('proxies say what is wrong, other programs anything', async () => {
  answers(422, { error: { code: 'BAD_FIELD', message: 'color is bad' } });
  expect(await failure()).toMatchObject({ code: 'BAD_FIELD', message: expect.stringContaining('color is bad') });
  for (const body of ['<html>', {}]) {
    answers(502, body);
    expect(await failure()).toMatchObject({ code: 'PROXY_ERROR', message: `the proxy at ${URL} failed: 502` });
  }
});

// Each was shown as a defect of this program, with a stack.
test.each([[{}], ['<html>'], ['null'], [{ version: 1, fleet: 'x' }]])(
  'what answers %j is another program',
  async (body) => {
    answers(200, body);
    expect(await failure()).toMatchObject({
      ...{ code: 'PROXY_ERROR', message: `what answers at ${URL} is not a proxy of this program` },
      hint: expect.stringContaining('--proxies'),
    });
  },
);

test.each([
  ['connect ECONNREFUSED', /Is it running/],
  ['self-signed certificate', /--tls-ca/],
  ['unable to verify the first Certificate', /--tls-ca/],
])('a proxy that can not be reached, %s, is gone', async (why, hint) => {
  const cause = new TypeError('fetch failed', { cause: new Error(why) });
  answer = () => Promise.reject(cause);
  expect(await failure()).toMatchObject({
    ...{ code: 'PROXY_GONE', fault: 'system', cause, message: `the proxy at ${URL} does not answer: ${why}` },
    hint: expect.stringMatching(hint),
  });
  answer = () => Promise.reject(new Error('timed out'));
  expect(await failure()).toMatchObject({ message: `the proxy at ${URL} does not answer: timed out` });
});
