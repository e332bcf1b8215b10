import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectiveConfig } from '../protocol/desired-config.js';
import type { DesiredConfig } from '../protocol/sensor-config.js';
import type { Queue } from '../queue/queue.js';
import {
  type AuthorityFollower,
  authorityFollower,
  type FollowOptions,
  type FollowStatus,
} from './authority-follower.js';
import { type DesiredConfigStore, desiredConfigStore } from './desired-config-store.js';
import { createProxy } from './proxy.js';

const TOKEN = 'operator-secret';
const AUTHORITY = 'http://authority:9090';
const NOW = 1_750_000_000_000;
const operator = { authorization: `Bearer ${TOKEN}` };
const queue = {
  send: async (messages: unknown[]) => messages.map((_, i) => ({ ok: true, id: String(i) })),
} as unknown as Queue;

let folder: string;
let path: string;
/** Of the authority. */
let desired: DesiredConfigStore;
/** Of the follower. */
let copy: DesiredConfigStore;
let follower: AuthorityFollower;
let asked: { url: string; init: RequestInit }[];
let statuses: FollowStatus[];
let stop: AbortController;
/** Answers in the authority's place, where a test sets it. */
let answer: ((init: RequestInit) => Promise<Response> | Response) | undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  folder = mkdtempSync(join(tmpdir(), 'follower-'));
  path = join(folder, 'desired.json');
  desired = desiredConfigStore();
  asked = [];
  statuses = [];
  answer = undefined;
  stop = new AbortController();
  copy = desiredConfigStore(path);
  follower = following();
});

afterEach(() => {
  stop.abort();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

/** A follower of the authority, which is asked without a network between them. */
function following(options: Partial<FollowOptions> = {}): AuthorityFollower {
  const { app } = createProxy({ queue, desired, guard: { operatorToken: TOKEN } });
  return authorityFollower(copy, {
    url: AUTHORITY,
    token: TOKEN,
    onStatus: (status) => statuses.push(status),
    fetch: async (url, init) => {
      asked.push({ url, init });
      return answer ? answer(init) : app.request(url, init);
    },
    ...options,
  });
}

const gone = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
const set = (values: DesiredConfig) => desired.patch({ scope: {}, set: values, unset: [] }, Date.now());
const header = ({ init }: { init: RequestInit }, name: string) => new Headers(init.headers).get(name);

test('a change is copied within a second, durably; what is known is not sent again', async () => {
  void follower.run(stop.signal);
  await vi.advanceTimersByTimeAsync(0);
  const { version } = set({ color: '#00ff88' });
  await vi.advanceTimersByTimeAsync(999);
  expect(copy.state).toEqual(desired.state);
  expect(effectiveConfig(desiredConfigStore(path).state, 'eu', 'h')).toEqual({ version, color: '#00ff88' });
  const last = asked.at(-1)!;
  expect([last.url, header(last, 'if-none-match')]).toEqual([`${AUTHORITY}/config?seen=0`, '"0"']);
  await vi.advanceTimersByTimeAsync(500);
  expect(header(asked.at(-1)!, 'if-none-match')).toBe(`"${version}"`);
  // Its token goes nowhere else.
  expect(last.init.redirect).toBe('error');
  expect(statuses).toEqual([{ kind: 'following' }]);
});

test('it asks twice a second, and stops at once', async () => {
  const ended = follower.run(stop.signal);
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked).toHaveLength(5);
  stop.abort();
  await ended;
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked).toHaveLength(5);
});

test('a stop ends a question that nobody answers, and is no failure', async () => {
  answer = ({ signal }) => new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
  const ended = follower.run(stop.signal);
  await vi.advanceTimersByTimeAsync(100);
  stop.abort();
  await ended;
  expect(statuses).toEqual([]);
});

test('while the authority is away it keeps what it holds, asks less often, and says so once', async () => {
  set({ emoji: 3 });
  void follower.run(stop.signal);
  await vi.advanceTimersByTimeAsync(100);
  answer = gone;
  vi.spyOn(Math, 'random').mockReturnValue(1);
  await vi.advanceTimersByTimeAsync(400);
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(10_000);
  // Pauses of 1.5 s, then of 2.5 s.
  expect(asked.length - before).toBe(4);
  expect(copy.state).toEqual(desired.state);
  const failed = { kind: 'failed', reason: 'connect ECONNREFUSED' };
  expect(statuses).toEqual([{ kind: 'following' }, failed]);
  expect(follower.status).toEqual(failed);
  answer = undefined;
  set({ emoji: 4 });
  await vi.advanceTimersByTimeAsync(2500);
  expect(copy.state.fleet.emoji).toBe(4);
  expect(statuses.slice(2)).toEqual([{ kind: 'following' }]);
  // The next outage is tried as often as the first one.
  const again = asked.length;
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked.length - again).toBe(4);
});

test.each([
  ['an error', () => Response.json({ error: { code: 'X', message: 'out of order' } }, { status: 503 }), 'out of order'],
  ['an error of another kind', () => Response.json('no', { status: 502 }), 'status 502'],
  ['no JSON', () => new Response('<html>'), /JSON/],
  ['without end', () => Response.json('x'.repeat(9e6)), 'longer than'],
  ['no state', () => Response.json({ version: 'x' }), /version/],
])('an authority that answers %s is not followed', async (_, wrong, reason) => {
  answer = wrong;
  expect(await follower.refresh()).toBe(false);
  expect(follower.status).toEqual({ kind: 'failed', reason: expect.stringMatching(reason) });
  expect(copy.version).toBe(0);
});

test('a question has an end', async () => {
  vi.useRealTimers();
  const timeout = vi.spyOn(AbortSignal, 'timeout');
  await follower.refresh();
  await expect(follower.forward('PATCH', '{}')).rejects.toMatchObject({ code: 'TOKEN_WRONG' });
  expect(timeout.mock.calls).toEqual([[5000], [18_000]]);
  const given = new AbortController();
  await follower.refresh(given.signal);
  expect(asked.at(-1)!.init.signal!.aborted).toBe(false);
  given.abort();
  expect(asked.at(-1)!.init.signal!.aborted).toBe(true);
});

test('an authority that lost its state takes nothing from its followers, and hears of it from them', async () => {
  copy.patch({ scope: {}, set: { emoji: 1 }, unset: [] }, NOW);
  const held = copy.state;
  expect(await follower.refresh()).toBe(true);
  expect(copy.state).toBe(held);
  expect(desired.lost).toBe(NOW);
  expect(statuses).toEqual([{ kind: 'ahead', held: NOW, authority: 0 }]);
  // What it sets from then on is newer, and replaces all.
  set({ color: '#111111' });
  await follower.refresh();
  expect(copy.state).toEqual({
    version: NOW + 1,
    fleet: { version: NOW + 1, color: '#111111' },
    regions: {},
    hosts: {},
  });
  expect(statuses.at(-1)).toEqual({ kind: 'following' });
});

test('versions that only its sensors know reach the authority, too, but not without a token', async () => {
  copy.recordReportedVersion(NOW - 7);
  follower = following({ token: undefined } as object);
  await follower.refresh();
  expect([desired.lost, header(asked.at(-1)!, 'authorization')]).toEqual([undefined, null]);
  follower = following();
  await follower.refresh();
  expect(desired.lost).toBe(NOW - 7);
});

test('a copy that can not be kept is no copy', async () => {
  set({ emoji: 1 });
  copy = desiredConfigStore(join(folder, 'no', 'desired.json'));
  follower = following();
  vi.spyOn(copy, 'takeOver').mockImplementation(() => {
    throw new Error('no space left');
  });
  expect(await follower.refresh()).toBe(false);
  expect(follower.status).toEqual({ kind: 'failed', reason: 'no space left' });
});

/** The HTTP side of the follower. */
function callFollower(guard: object = {}) {
  const { app } = createProxy({ queue, desired: copy, follower, guard });
  return async (method: string, url: string, body?: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await app.request(url, { method, headers, ...(body === undefined ? {} : { body: text }) });
    const content = await response.text();
    const parsed = content === '' ? undefined : JSON.parse(content);
    return { status: response.status, headers: response.headers, body: parsed };
  };
}

test('a change made at the follower is made at the authority, and held by both when it is answered', async () => {
  const call = callFollower();
  const change = { scope: { region: 'eu' }, set: { emoji: 5 }, seen: 0 };
  const { status, body } = await call('PATCH', '/config', change, operator);
  expect([status, body]).toEqual([200, { version: NOW, scope: { region: 'eu' }, config: { version: NOW, emoji: 5 } }]);
  expect(desired.state.regions).toEqual({ eu: { version: NOW, emoji: 5 } });
  expect(copy.state).toEqual(desired.state);
  const [forwarded] = asked;
  expect([forwarded!.url, forwarded!.init.method]).toEqual([`${AUTHORITY}/config`, 'PATCH']);
  expect(forwarded!.init.headers).toEqual({
    ...{ ...operator, 'content-type': 'application/json', 'x-wasm-sensors-forwarded': '1' },
  });
  const put = { version: NOW + 5, fleet: { version: NOW + 5, paused: true }, regions: {}, hosts: {} };
  expect((await call('PUT', '/config', put, operator)).body).toEqual(put);
  expect(copy.state).toEqual(put);
});

test('what the authority refuses is refused in its words, and nothing is asked for then', async () => {
  const call = callFollower();
  const refused = async (body: unknown, headers: Record<string, string>) => {
    const { status, headers: h, body: b } = await call('PATCH', '/config', body, headers);
    expect(h.get('content-type')).toBe('application/json');
    return [status, b.error.code];
  };
  expect(await refused({ set: { emoji: 99 } }, operator)).toEqual([422, 'BAD_FIELD']);
  expect(await refused('{', operator)).toEqual([400, 'NOT_JSON']);
  expect(await refused({ set: { emoji: 1 } }, { authorization: 'Bearer wrong' })).toEqual([403, 'TOKEN_WRONG']);
  expect(asked).toHaveLength(3);
  expect(await refused({ set: { emoji: 1 } }, {})).toEqual([401, 'TOKEN_MISSING']);
  expect(asked).toHaveLength(3);
  desired.recordReportedVersion(NOW);
  expect(await refused({ set: { emoji: 1 }, seen: 0 }, operator)).toEqual([409, 'STATE_LOST']);
  expect(desired.version).toBe(0);
});

test('wrong tokens for the authority are answered late here, too: they would count as those of this proxy', async () => {
  const { app } = createProxy({ queue, desired: copy, follower });
  const env = { incoming: { socket: { remoteAddress: '10.0.0.1' } } };
  const headers = { authorization: 'Bearer wrong' };
  const attempt = async () => (await app.request('/config', { method: 'PATCH', body: '{}', headers }, env)).status;
  const first = Array.from({ length: 10 }, attempt);
  await vi.advanceTimersByTimeAsync(50);
  expect([await attempt(), asked.length]).toEqual([429, 10]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await Promise.all(first)).toEqual(Array.from({ length: 10 }, () => 403));
});

test('without the authority a change is refused, and sensors go on with the copy', async () => {
  const { version } = set({ emoji: 7 });
  await follower.refresh();
  answer = gone;
  vi.useRealTimers();
  const call = callFollower();
  const { status, headers, body } = await call('PATCH', '/config', { set: { emoji: 1 } }, operator);
  const message = `this proxy follows ${AUTHORITY}, which does not answer: connect ECONNREFUSED`;
  expect([status, headers.get('retry-after'), body.error]).toEqual([
    ...[503, '2'],
    { code: 'AUTHORITY_UNREACHABLE', message, reason: message },
  ]);
  const sensor = { 'x-sensor-config': 'v=0;src=ddddd;file=none;interval=5000;paused=0' };
  const sent = await call('POST', '/send', { region: 'eu', hostname: 'h' }, sensor);
  expect(sent.body).toEqual({ status: 'accepted', accepted: 1, config: { version, emoji: 7 } });
  expect((await call('GET', '/config/effective?region=eu&hostname=h&version=0')).body.config).toEqual({
    version,
    emoji: 7,
  });
  expect((await call('GET', '/stats')).body).toMatchObject({
    refused: { AUTHORITY_UNREACHABLE: 1 },
    follows: { authority: AUTHORITY, status: { kind: 'following' } },
  });
});

test('its state names the authority, and that nothing is lost', async () => {
  copy.recordReportedVersion(NOW);
  expect((await callFollower()('GET', '/config')).body).toEqual({ ...copy.state, follows: AUTHORITY });
});

test('proxies that follow each other refuse a change', async () => {
  const call = callFollower();
  answer = async ({ method, headers, body }) => {
    const { status, body: text } = await call(method!, '/config', body, Object.fromEntries(new Headers(headers)));
    return Response.json(text, { status });
  };
  const { status, body } = await call('PATCH', '/config', { set: { emoji: 1 } }, operator);
  expect([status, body.error.code, body.error.message]).toEqual([
    ...[409, 'NOT_AUTHORITY'],
    expect.stringContaining(AUTHORITY),
  ]);
  expect(asked).toHaveLength(1);
});
