import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { type AccessLock, accessLock, lockFor } from './access-lock.js';

const HOUR = 3_600_000;

/** What a request meets at the lock at this time. */
async function meet(lock: AccessLock, headers: Record<string, string>, now = 0): Promise<string> {
  const app = new Hono().get('/', (c) => c.text(lock.problemOf(c, now)?.code ?? 'open'));
  return (await app.request('/', { headers })).text();
}

/** The cookie that a sign-in at time 0 gives. */
async function cookieOf(lock: AccessLock, token: string): Promise<string> {
  const app = new Hono().post('/', (c) => c.text(String(lock.signIn(c, token, 0))));
  return ((await app.request('/', { method: 'POST' })).headers.get('set-cookie') ?? '').split(';')[0]!;
}

test.each([
  ['Bearer operator', 'open'],
  ['Bearer viewer', 'open'],
  ['Bearer sensor', 'TOKEN_WRONG'],
  ['Bearer ', 'TOKEN_WRONG'],
  ['viewer', 'TOKEN_WRONG'],
  [undefined, 'TOKEN_MISSING'],
])('the header %j: %s', async (authorization, code) => {
  const lock = accessLock(['operator', 'viewer']);
  expect(await meet(lock, authorization === undefined ? {} : { authorization })).toBe(code);
});

test('a lock without a token opens for nobody, also not for an empty one', async () => {
  const lock = accessLock([]);
  for (const authorization of ['Bearer ', 'Bearer undefined'])
    expect(await meet(lock, { authorization })).toBe('NOT_ALLOWED');
  expect(await cookieOf(lock, '')).toBe('');
});

test('a session lasts 12 hours', async () => {
  const lock = accessLock(['viewer']);
  const cookie = await cookieOf(lock, 'viewer');
  expect(await meet(lock, { cookie }, 12 * HOUR - 1)).toBe('open');
  expect(await meet(lock, { cookie }, 12 * HOUR)).toBe('TOKEN_MISSING');
});

test('who signs out ends the session, also for whoever has copied the cookie', async () => {
  const lock = accessLock(['viewer']);
  const [cookie, other] = [await cookieOf(lock, 'viewer'), await cookieOf(lock, 'viewer')];
  const app = new Hono().delete('/', (c) => {
    lock.signOut(c);
    return c.text('');
  });
  await app.request('/', { method: 'DELETE', headers: { cookie } });
  expect(await meet(lock, { cookie })).toBe('TOKEN_MISSING');
  expect(await meet(lock, { cookie: other })).toBe('open');
});

test('a session is of the tokens that it began with, and two services on one host keep theirs apart', async () => {
  const [one, other] = [accessLock(['a']), accessLock(['b'])];
  const cookies = [await cookieOf(one, 'a'), await cookieOf(other, 'b')];
  expect(new Set(cookies.map((cookie) => cookie.split('=')[0])).size).toBe(2);
  expect(await meet(other, { cookie: cookies[0]! })).toBe('TOKEN_MISSING');
  for (const lock of [one, other]) expect(await meet(lock, { cookie: cookies.join('; ') })).toBe('open');
});

test.each([
  ['127.0.0.1', 'operator', undefined, false, 'open'],
  ['127.0.0.1', 'operator', 'viewer', false, 'TOKEN_MISSING'],
  ['0.0.0.0', 'operator', undefined, false, 'TOKEN_MISSING'],
  ['0.0.0.0', 'operator', undefined, true, 'TOKEN_MISSING'],
  ['0.0.0.0', undefined, 'viewer', true, 'TOKEN_MISSING'],
  ['0.0.0.0', undefined, undefined, true, 'open'],
  ['0.0.0.0', undefined, undefined, false, 'NOT_ALLOWED'],
])('on %s with operator token %j, viewer token %j, open %s', async (host, token, viewerToken, open, met) => {
  const lock = lockFor({ host, token, viewerToken, open });
  expect(lock ? await meet(lock, {}) : 'open').toBe(met);
});
