/** Who may send readings of which host: tokens of nodes, the shared token, nobody's; and hosts that were revoked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SENSOR_CONFIG_ATTRIBUTE } from '../protocol/sensor-config.js';
import { type SensorKey, sensorTokenOf } from '../protocol/sensor-token.js';
import type { OutgoingMessage, Queue } from '../queue/queue.js';
import { desiredConfigStore } from './desired-config-store.js';
import type { GuardOptions } from './proxy.js';
import { createProxy } from './proxy.js';
import { revocations } from './revoked-hosts.js';

const KEY = 'k'.repeat(32);
const OLD = 'o'.repeat(32);
const keys: SensorKey[] = [{ key: KEY }];
const own = (host: string, key = KEY) => sensorTokenOf(key, host);

const reading = (hostname?: string, over: object = {}) => ({
  ...{ job_id: 'j', execution_id: `e-${hostname}`, icon_name: '🚀', color: '#ff5733', region: 'us', sequence: 1 },
  ...{ timestamp: new Date().toISOString(), job_submission_time: 1 },
  ...(hostname === undefined ? {} : { hostname }),
  ...over,
});

function proxyWith(guard: GuardOptions, revoked = revocations()) {
  const queued: string[] = [];
  const reports: unknown[] = [];
  const queue = {
    name: 'q',
    async send(messages: OutgoingMessage[]) {
      queued.push(...messages.map(({ body }) => JSON.parse(body).hostname));
      reports.push(...messages.map(({ attributes }) => attributes?.[SENSOR_CONFIG_ATTRIBUTE]));
      return messages.map((_, i) => ({ ok: true, id: String(i) }));
    },
  } as unknown as Queue;
  const desired = desiredConfigStore();
  const proxy = createProxy({ queue, desired, revoked, guard: { operatorToken: 'operator', ...guard } });
  const call = async (method: string, path: string, token: string | undefined, body?: unknown, headers = {}) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const init = { method, headers: { ...authorization, ...headers } };
    const response = await proxy.app.request(path, body === undefined ? init : { ...init, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  return {
    ...{ queued, reports, desired, call },
    /** The status, and the code of a refusal. */
    async send(token: string | undefined, body: unknown) {
      const { status, body: answer } = await call('POST', '/send', token, body);
      return status === 200 ? 200 : `${status} ${answer.error?.code ?? JSON.stringify(answer.refused)}`;
    },
    revoke: (hostname: string, token = 'operator', revoked = true) =>
      call('PATCH', '/sensors/revoked', token, { hostname, revoked }),
  };
}

// Tokens could be tried one after the other: a right one sends in the name of its host.
test.each([
  ['where a token is needed', { sensorKeys: keys }, 'wrong', 403],
  ['where none is needed, on loopback', { sensorKeys: keys, open: true }, 'wrong', 200],
  ['nor is the right one', { sensorKeys: keys, open: true }, own('a'), 200],
  ['nor is none', { sensorKeys: keys, open: true }, undefined, 200],
])('a wrong token is not answered at once %s', async (where, guard, token, status) => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const queue = {
    name: 'q',
    send: async (messages: OutgoingMessage[]) => messages.map((_, i) => ({ ok: true, id: String(i) })),
  } as unknown as Queue;
  const { app } = createProxy({ queue, guard, batcher: { lingerMs: 0 } });
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const env = { incoming: { socket: { remoteAddress: '127.0.0.1' } } };
  let answered: number | undefined;
  const init = { method: 'POST', headers, body: JSON.stringify(reading('a')) };
  const answer = Promise.resolve(app.request('/send', init, env)).then((response) => {
    answered = response.status;
  });
  await vi.advanceTimersByTimeAsync(90);
  expect(answered).toBe(where.startsWith('nor') ? status : undefined);
  await vi.advanceTimersByTimeAsync(100);
  await answer;
  expect(answered).toBe(status);
});

test('a node sends in its own name only', async () => {
  const { send, queued } = proxyWith({ sensorKeys: keys });
  expect(await send(own('a'), reading('a'))).toBe(200);
  expect(await send(own('a'), reading('b'))).toBe('403 WRONG_HOST');
  expect(await send(own('a'), reading(undefined))).toBe('403 WRONG_HOST');
  expect(await send(own('a'), { data: { test: 'hello' } })).toBe('403 WRONG_HOST');
  expect(queued).toEqual(['a']);
});

test('in an array, readings of other hosts are refused, and the rest is queued', async () => {
  const { call, queued } = proxyWith({ sensorKeys: keys });
  const { status, body } = await call('POST', '/send', own('a'), [reading('b'), reading('a'), reading('c')]);
  expect([status, body.accepted]).toEqual([207, 1]);
  expect(body.refused.map((one: { index: number; code: string }) => [one.index, one.code])).toEqual([
    [0, 'WRONG_HOST'],
    [2, 'WRONG_HOST'],
  ]);
  expect(queued).toEqual(['a']);
});

test.each([
  [undefined, '401 TOKEN_MISSING'],
  ['operator', '403 TOKEN_WRONG'],
  [own('a', OLD), '403 TOKEN_WRONG'],
  [own('a').replace('a.', 'b.'), '403 TOKEN_WRONG'],
])('with keys, the token %j is answered with %s', async (token, answer) => {
  expect(await proxyWith({ sensorKeys: keys }).send(token, reading('a'))).toBe(answer);
});

test('tokens of the older key are taken until its time', async () => {
  const { send } = proxyWith({ sensorKeys: [...keys, { key: OLD, until: Date.now() + 60_000 }] });
  expect(await send(own('a', OLD), reading('a'))).toBe(200);
  vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  expect(await send(own('a', OLD), reading('a'))).toBe('403 TOKEN_WRONG');
});

test('three forged readings of a later deployment end nobody, where nodes have tokens of their own', async () => {
  const { send, queued } = proxyWith({ sensorKeys: keys, open: true });
  for (const host of ['a', 'b', 'c']) expect(await send(own(host), reading(host))).toBe(200);
  const later = { execution_id: 'forged', job_submission_time: Date.now() };
  for (const host of ['a', 'b', 'c']) expect(await send(undefined, reading(host, later))).toBe('403 WRONG_HOST');
  for (const host of ['a', 'b', 'c']) expect(await send(own(host), reading(host, { sequence: 2 }))).toBe(200);
  expect(queued).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
});

test('a reading without a hostname, which counts as that of its execution, is in nobody else’s name', async () => {
  const { send, revoke } = proxyWith({ sensorKeys: keys, open: true });
  expect(await send(own('a'), reading('a'))).toBe(200);
  await revoke('b');
  for (const hostname of [{}, { hostname: '' }]) {
    expect(await send(undefined, reading(undefined, { execution_id: 'a', ...hostname }))).toBe('403 WRONG_HOST');
    expect(await send(undefined, reading(undefined, { execution_id: 'b', ...hostname }))).toBe('403 SENSOR_REVOKED');
  }
});

test('where no token is wanted, hosts without one of their own and plain messages are taken from everybody', async () => {
  const { send } = proxyWith({ sensorKeys: keys, open: true });
  expect(await send(undefined, reading('z'))).toBe(200);
  expect(await send('nonsense', reading('z'))).toBe(200);
  expect(await send(undefined, { data: { test: 'hello' } })).toBe(200);
});

test('the shared token sends for every host, but not for one that has a token of its own', async () => {
  const { send } = proxyWith({ sensorToken: 'shared', sensorKeys: keys, open: true });
  expect(await send('shared', reading('a'))).toBe(200);
  expect(await send(undefined, reading('a'))).toBe('401 TOKEN_MISSING');
  expect(await send(own('a'), reading('a'))).toBe(200);
  expect(await send('shared', reading('a'))).toBe('403 WRONG_HOST');
});

test('a deployment that lies minutes ahead has to wait, also in an array: nothing is lost when clocks differ', async () => {
  const { send, call, queued } = proxyWith({});
  const hour = reading('a', { job_submission_time: Date.now() + 3_600_000 });
  expect(await send(undefined, hour)).toBe('503 SUBMISSION_AHEAD');
  expect((await call('POST', '/send', undefined, [reading('b'), hour])).status).toBe(503);
  expect(queued).toEqual([]);
  expect(await send(undefined, reading('a', { job_submission_time: Date.now() + 240_000 }))).toBe(200);
});

test('a clock that is set back refuses no deployment that was possible before', async () => {
  const { send } = proxyWith({});
  const now = Date.now();
  vi.useFakeTimers({ now: now - 3_600_000, toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  expect(await send(undefined, reading('a', { timestamp: new Date().toISOString(), job_submission_time: now }))).toBe(
    200,
  );
});

test('the version of a sensor without a token does not count where sensors have tokens, nor one that no proxy can have given', async () => {
  const { call, desired, reports } = proxyWith({ sensorKeys: keys, open: true });
  const report = (token: string | undefined, version: number, host: string) =>
    call('POST', '/send', token, reading(host), {
      'x-sensor-config': `v=${version};src=ddddd;file=none;interval=1000;paused=0`,
    });
  await report(undefined, 1000, 'z');
  expect(desired.lost).toBeUndefined();
  // Nor does it reach those who read what sensors report.
  expect(reports).toEqual([undefined]);
  await report(own('a'), Date.now() + 3_600_000, 'a');
  expect(desired.lost).toBeUndefined();
  await report(own('a'), 1000, 'a');
  expect(desired.lost).toBe(1000);
});

test('a revoked host sends nothing, with no token, until it is taken back', async () => {
  const { send, revoke } = proxyWith({ sensorToken: 'shared', sensorKeys: keys });
  expect(await revoke('a')).toEqual({ status: 200, body: { revoked: ['a'] } });
  for (const token of [own('a'), 'shared']) expect(await send(token, reading('a'))).toBe('403 SENSOR_REVOKED');
  expect(await send(own('b'), reading('b'))).toBe(200);
  expect(await revoke('a', 'operator', false)).toEqual({ status: 200, body: { revoked: [] } });
  expect(await send(own('a'), reading('a'))).toBe(200);
});

test('only the operator revokes, and a body that is none changes nothing', async () => {
  const { call, revoke } = proxyWith({ sensorKeys: keys });
  expect((await revoke('a', own('a'))).status).toBe(403);
  expect((await call('GET', '/sensors/revoked', undefined)).status).toBe(401);
  expect((await call('PATCH', '/sensors/revoked', 'operator', { hostname: '' })).status).toBe(422);
  expect((await call('GET', '/sensors/revoked', 'operator')).body).toEqual({ revoked: [] });
});

test('what was revoked outlives a restart, and a damaged list stops the proxy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'revoked-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'revoked.json');
  revocations(path).set('a', true);
  revocations(path).set('b', true);
  revocations(path).set('b', false);
  expect(revocations(path).list).toEqual(['a']);
  writeFileSync(path, '{');
  expect(() => revocations(path)).toThrow(expect.objectContaining({ code: 'STATE_UNREADABLE' }));
});

test('a locked proxy gives a node its configuration', async () => {
  const { call } = proxyWith({ sensorKeys: keys });
  expect((await call('GET', '/config/effective?region=us&hostname=a', own('a'))).status).toBe(200);
});

test('a stranger that may send is given its configuration as well', async () => {
  const { call, desired } = proxyWith({ sensorKeys: keys, open: true });
  desired.patch({ scope: {}, set: { paused: true }, unset: [] }, 1000);
  const headers = { 'x-sensor-config': 'v=0;src=ddddd;file=none;interval=1000;paused=0' };
  const { body } = await call('POST', '/send', undefined, reading('z'), headers);
  expect(body.config).toMatchObject({ version: 1000, paused: true });
});

test.each(['EDGE-1', ' edge-1', 'edge-1\u00a0', '\uff25dge-1'])(
  '%j is no way around the revocation of edge-1, nor around its token',
  async (spelling) => {
    const { send, revoke } = proxyWith({ sensorKeys: keys, sensorToken: 'shared' });
    expect(await send(own('edge-1'), reading('edge-1'))).toBe(200);
    expect(await send('shared', reading(spelling))).toBe('403 WRONG_HOST');
    await revoke('Edge-1');
    expect(await send('shared', reading(spelling))).toBe('403 SENSOR_REVOKED');
    expect(await send(own(spelling), reading(spelling))).toBe('403 SENSOR_REVOKED');
    expect((await revoke('edge-1', 'operator', false)).body).toEqual({ revoked: [] });
    expect(await send(own(spelling), reading(spelling))).toBe(200);
  },
);

test('a list of an earlier version revokes every spelling of its hosts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'revoked-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'revoked.json');
  writeFileSync(path, '["Edge-1","edge-1"]\n');
  const hosts = revocations(path);
  expect(hosts.has('EDGE-1')).toBe(true);
  hosts.set('edge-1', false);
  expect(revocations(path).list).toEqual([]);
});

test('names with characters that nobody sees neither send nor are revoked', async () => {
  const { send, revoke } = proxyWith({});
  for (const character of ['\u200b', '\u2060', '\ufeff', '\u{e0041}']) {
    for (const field of ['hostname', 'region', 'execution_id', 'job_id']) {
      expect(await send(undefined, reading('a', { [field]: `a${character}` }))).toBe('422 BAD_FIELD');
    }
    expect((await revoke(`a${character}`)).status).toBe(422);
  }
  expect(await send(undefined, reading('a', { icon_name: '👩🏽‍🚀' }))).toBe(200);
});

test('neither one node nor whoever has no token takes the places of others', async () => {
  const { send } = proxyWith({ sensorKeys: keys, open: true });
  const madeUp = (of: (n: number) => object) => Array.from({ length: 100 }, (_, n) => reading('a', of(n)));
  const inArray = madeUp((n) => ({ region: `made-up-${n}` }));
  expect(await send(own('a'), inArray)).toMatch(/^207 .*TOO_MANY_REGIONS/);
  expect(
    await send(
      own('a'),
      madeUp((n) => ({ region: 'made-up-0', execution_id: `x${n}` })),
    ),
  ).toMatch(/^207 .*TOO_MANY_SENSORS/);
  const anybody = madeUp((n) => ({ region: `r${n}`, hostname: `h${n}`, execution_id: `h${n}` }));
  expect(await send(undefined, anybody)).toMatch(/^207 .*TOO_MANY_REGIONS/);
  expect(await send(own('b'), reading('b', { region: 'new' }))).toBe(200);
});
