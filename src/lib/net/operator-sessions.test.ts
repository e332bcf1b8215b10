import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { type OperatorSessions, operatorSessions, SESSION_KEY_HEADER } from './access-lock.js';

const MINUTE = 60_000;

/** A service, and a page of it that keeps the key of its session. */
function browserOf(sessions: OperatorSessions) {
  let now = 0;
  let key = '';
  const app = new Hono()
    .delete('/session', (c) => {
      sessions.signOut(c);
      return c.text('');
    })
    .post('/change', (c) => c.text(sessions.problemOf(c, now)?.code ?? 'done'));
  const ask = async (method: string, path: string, headers: Record<string, string>) =>
    (await app.request(path, { method, headers })).text();
  return {
    signIn(token: string) {
      const given = sessions.signIn(token, now);
      key = given ?? '';
      return given;
    },
    signOut: () => ask('DELETE', '/session', { [SESSION_KEY_HEADER]: key }),
    change: (headers: Record<string, string> = { [SESSION_KEY_HEADER]: key }) => ask('POST', '/change', headers),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('a change needs the key that the sign-in gave', async () => {
  const browser = browserOf(operatorSessions('operator'));
  expect(await browser.change()).toBe('TOKEN_MISSING');
  expect(browser.signIn('operator')).toMatch(/^[\w-]{32}$/);
  expect(await browser.change({})).toBe('TOKEN_MISSING');
  expect(await browser.change({ [SESSION_KEY_HEADER]: 'guessed' })).toBe('TOKEN_MISSING');
  expect(await browser.change()).toBe('done');
});

test.each(['viewer', '', 'operator '])('the token %j starts no session', async (token) => {
  const browser = browserOf(operatorSessions('operator'));
  expect(browser.signIn(token)).toBeUndefined();
  expect(await browser.change()).toBe('TOKEN_MISSING');
});

test.each([
  ['Bearer operator', 'done'],
  ['Bearer viewer', 'TOKEN_WRONG'],
  ['operator', 'TOKEN_WRONG'],
])('a program sends the token itself: %j is %s', async (authorization, met) => {
  expect(await browserOf(operatorSessions('operator')).change({ authorization })).toBe(met);
});

test('a session ends after an hour without a change, and each change starts the hour anew', async () => {
  const browser = browserOf(operatorSessions('operator'));
  browser.signIn('operator');
  browser.pass(59 * MINUTE);
  expect(await browser.change()).toBe('done');
  browser.pass(59 * MINUTE);
  expect(await browser.change()).toBe('done');
  browser.pass(61 * MINUTE);
  expect(await browser.change()).toBe('TOKEN_MISSING');
});

test('who signs out ends the session, also for whoever has copied the key', async () => {
  const sessions = operatorSessions('operator');
  const browser = browserOf(sessions);
  const headers = { [SESSION_KEY_HEADER]: browser.signIn('operator')! };
  expect(await browserOf(sessions).change(headers)).toBe('done');
  await browser.signOut();
  expect(await browserOf(sessions).change(headers)).toBe('TOKEN_MISSING');
});

test('a session of one process is none of the next', async () => {
  const headers = { [SESSION_KEY_HEADER]: browserOf(operatorSessions('operator')).signIn('operator')! };
  expect(await browserOf(operatorSessions('operator')).change(headers)).toBe('TOKEN_MISSING');
});

test('there are at most a hundred sessions: the oldest makes room', async () => {
  const sessions = operatorSessions('operator');
  const browsers = Array.from({ length: 101 }, () => browserOf(sessions));
  for (const browser of browsers) browser.signIn('operator');
  const met = await Promise.all(browsers.map((browser) => browser.change()));
  expect([met[0], met.filter((one) => one === 'done').length]).toEqual(['TOKEN_MISSING', 100]);
});
