import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { OperatorSessions, SESSION_KEY_HEADER } from './operator-sessions.js';

const MINUTE = 60_000;

/** A service with a browser that keeps its cookies. */
function browserOf(sessions: OperatorSessions) {
  let now = 0;
  let cookie = '';
  const app = new Hono()
    .post('/session', (c) => c.text(String(sessions.signIn(c, c.req.query('token') ?? '', now))))
    .delete('/session', (c) => {
      sessions.signOut(c);
      return c.text('');
    })
    .get('/key', (c) => c.text(sessions.keyOf(c, now) ?? ''))
    .post('/change', (c) => c.text(sessions.problemOf(c, now)?.code ?? 'done'));
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const response = await app.request(path, { method, headers: { cookie, ...headers } });
    const set = response.headers.get('set-cookie');
    if (set !== null) cookie = set.split(';')[0]!;
    return { text: await response.text(), set };
  };
  return {
    signIn: (token: string) => ask('POST', `/session?token=${token}`),
    signOut: () => ask('DELETE', '/session'),
    key: async () => (await ask('GET', '/key')).text,
    change: async (headers: Record<string, string> = {}) => (await ask('POST', '/change', headers)).text,
    copyCookie: () => cookie,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('a change needs a session and its key; the cookie alone, which any page of this host sends, is not enough', async () => {
  const browser = browserOf(new OperatorSessions('operator'));
  expect([await browser.change(), await browser.key()]).toEqual(['TOKEN_MISSING', '']);
  const { text, set } = await browser.signIn('operator');
  expect(text).toBe('true');
  expect(set).toMatch(/^wasm-sensors-operator-[\w-]{8}=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/);
  expect(await browser.change()).toBe('FOREIGN_ORIGIN');
  expect(await browser.change({ [SESSION_KEY_HEADER]: 'guessed' })).toBe('FOREIGN_ORIGIN');
  expect(await browser.change({ [SESSION_KEY_HEADER]: await browser.key() })).toBe('done');
});

test.each(['viewer', '', 'operator '])('the token %j starts no session', async (token) => {
  const browser = browserOf(new OperatorSessions('operator'));
  expect(await browser.signIn(encodeURIComponent(token))).toEqual({ text: 'false', set: null });
  expect(await browser.change()).toBe('TOKEN_MISSING');
});

test.each([
  ['Bearer operator', 'done'],
  ['Bearer viewer', 'TOKEN_WRONG'],
  ['operator', 'TOKEN_WRONG'],
])('a program sends the token itself: %j is %s', async (authorization, met) => {
  expect(await browserOf(new OperatorSessions('operator')).change({ authorization })).toBe(met);
});

test('a session ends after an hour without a change, and each change starts the hour anew', async () => {
  const browser = browserOf(new OperatorSessions('operator'));
  await browser.signIn('operator');
  const headers = { [SESSION_KEY_HEADER]: await browser.key() };
  browser.pass(59 * MINUTE);
  expect(await browser.change(headers)).toBe('done');
  browser.pass(59 * MINUTE);
  expect(await browser.change(headers)).toBe('done');
  browser.pass(61 * MINUTE);
  expect([await browser.change(headers), await browser.key()]).toEqual(['TOKEN_MISSING', '']);
});

test('who signs out ends the session, also for whoever has copied the cookie', async () => {
  const sessions = new OperatorSessions('operator');
  const browser = browserOf(sessions);
  await browser.signIn('operator');
  const headers = { cookie: browser.copyCookie(), [SESSION_KEY_HEADER]: await browser.key() };
  expect(await browserOf(sessions).change(headers)).toBe('done');
  await browser.signOut();
  expect(await browserOf(sessions).change(headers)).toBe('TOKEN_MISSING');
});

test('a session of one process, or of another token, is none of the next', async () => {
  const browser = browserOf(new OperatorSessions('operator'));
  await browser.signIn('operator');
  const headers = { cookie: browser.copyCookie(), [SESSION_KEY_HEADER]: await browser.key() };
  for (const token of ['operator', 'rotated']) {
    expect(await browserOf(new OperatorSessions(token)).change(headers)).toBe('TOKEN_MISSING');
  }
});

test('there are at most a hundred sessions: the oldest makes room', async () => {
  const sessions = new OperatorSessions('operator');
  const browsers = Array.from({ length: 101 }, () => browserOf(sessions));
  for (const browser of browsers) await browser.signIn('operator');
  const keys = await Promise.all(browsers.map((browser) => browser.key()));
  expect(keys.map((key) => key !== '').indexOf(false)).toBe(0);
  expect(keys.filter((key) => key === '')).toHaveLength(1);
});
