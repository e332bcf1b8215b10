import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Listener, listen } from '../../lib/net/http-server.js';
import type { DesiredConfig } from '../../protocol/sensor-config.js';
import { type AuthorityFollower, authorityFollower } from '../../proxy/authority-follower.js';
import { type DesiredConfigStore, desiredConfigStore } from '../../proxy/desired-config-store.js';
import { createProxy } from '../../proxy/proxy.js';
import { ProxyClient } from '../../proxy/proxy-client.js';
import type { Queue } from '../../queue/queue.js';
import { applyChange, compareProxies } from './apply-to-proxies.js';

const TOKEN = 'operator';
const queue = {} as Queue;

interface Served {
  desired: DesiredConfigStore;
  listener: Listener;
  client: ProxyClient;
  follower: AuthorityFollower | undefined;
}

let authority: Served;
let followers: Served[];
let all: ProxyClient[];
let listeners: Listener[];
let stop: AbortController;

/** A real proxy that listens; configuration needs no queue. */
async function serveProxy(follow?: string, asks = true): Promise<Served> {
  const desired = desiredConfigStore();
  const follower = follow === undefined ? undefined : authorityFollower(desired, { url: follow, everyMs: 20 });
  const { fetch } = createProxy({
    ...{ queue, desired, guard: { operatorToken: TOKEN } },
    ...(follower ? { follower } : {}),
  }).app;
  const listener = await listen({ fetch, host: '127.0.0.1', port: 0, purpose: 'proxy', flag: '' });
  listeners.push(listener);
  if (asks) void follower?.run(stop.signal);
  return { desired, listener, client: new ProxyClient(listener.url, { token: TOKEN }), follower };
}

const set = (values: DesiredConfig) => ({ scope: {}, set: values, unset: [], seen: 0 });
const gone = expect.stringContaining('does not answer');

beforeEach(async () => {
  stop = new AbortController();
  listeners = [];
  authority = await serveProxy();
  followers = [await serveProxy(authority.listener.url), await serveProxy(authority.listener.url)];
  all = [authority, ...followers].map(({ client }) => client);
});

afterEach(async () => {
  stop.abort();
  await Promise.all(listeners.map((listener) => listener.close(0)));
});

test('a change is made at the authority, and done when its followers hold it', async () => {
  const { version, state, holder, failed } = await applyChange(all, set({ color: '#00ff88', paused: true }));
  expect([failed, holder, state.version]).toEqual([[], authority.client, version]);
  expect(state.fleet).toEqual({ version, color: '#00ff88', paused: true });
  for (const { desired } of followers) expect(desired.state).toEqual(authority.desired.state);
});

test('a follower that is named first forwards it', async () => {
  const { version, holder, failed } = await applyChange([...all].reverse(), set({ emoji: 1 }));
  expect([failed, holder]).toEqual([[], followers[1]!.client]);
  expect(authority.desired.state.fleet).toEqual({ version, emoji: 1 });
});

test('followers that do not hold it in time are named with the reason', async () => {
  const slow = await serveProxy(authority.listener.url, false);
  const closed = followers[0]!;
  await closed.listener.close(0);
  const { version, failed } = await applyChange([...all, slow.client], set({ emoji: 1 }), 150);
  expect(failed).toEqual([
    { url: closed.client.url, reason: gone },
    { url: slow.client.url, reason: `holds version 0, ${authority.client.url} holds ${version}` },
  ]);
  expect(followers[1]!.desired.version).toBe(version);
});

test('a follower that needs a moment is waited for', async () => {
  const slow = await serveProxy(authority.listener.url, false);
  const applied = applyChange([authority.client, slow.client], set({ emoji: 1 }));
  setTimeout(() => void slow.follower!.refresh(), 300);
  expect((await applied).failed).toEqual([]);
});

test('another authority is named at once, and left as it is', async () => {
  const other = await serveProxy();
  const began = Date.now();
  const { failed } = await applyChange([authority.client, other.client], set({ emoji: 1 }), 60_000);
  expect(Date.now() - began).toBeLessThan(10_000);
  const reason = `does not follow ${authority.client.url}: restart it with --follow and the address of that proxy`;
  expect(failed).toEqual([{ url: other.client.url, reason }]);
  expect(other.desired.version).toBe(0);
});

test('a first proxy that does not answer is passed over for a follower, which reaches the authority', async () => {
  const away = await serveProxy();
  await away.listener.close(0);
  const { version, holder, failed } = await applyChange([away.client, ...all], set({ emoji: 1 }));
  expect(holder).toBe(followers[0]!.client);
  expect(failed).toEqual([{ url: away.client.url, reason: gone }]);
  expect(authority.desired.version).toBe(version);
});

test('no other authority takes the change in the place of one that is away', async () => {
  await authority.listener.close(0);
  const other = await serveProxy();
  await expect(applyChange([authority.client, other.client], set({ emoji: 1 }))).rejects.toMatchObject({
    ...{ code: 'PROXY_GONE', fault: 'system', message: expect.stringContaining(authority.client.url) },
  });
  expect(other.desired.version).toBe(0);
});

test('followers alone refuse the change and name the authority', async () => {
  await authority.listener.close(0);
  await expect(applyChange(all.slice(1), set({ emoji: 1 }))).rejects.toMatchObject({
    code: 'AUTHORITY_UNREACHABLE',
    message: expect.stringContaining(authority.client.url),
    hint: expect.stringContaining('Try again'),
  });
});

test('what the first proxy refuses is tried nowhere else', async () => {
  const stranger = new ProxyClient(authority.listener.url, { token: 'another' });
  await expect(applyChange([stranger, ...all], set({ emoji: 1 }))).rejects.toMatchObject({
    ...{ code: 'TOKEN_WRONG', fault: 'user', hint: expect.stringContaining('WASM_SENSORS_TOKEN') },
  });
  expect(authority.desired.version).toBe(0);
});

test('a lost state is refused, and given up only where that is confirmed', async () => {
  const change = { ...set({ emoji: 1 }), seen: 7000 };
  await expect(applyChange(all, change)).rejects.toMatchObject({
    ...{ code: 'STATE_LOST', fault: 'user', hint: expect.stringContaining('--replace') },
  });
  const { version, failed } = await applyChange(all, { ...change, replace: true });
  expect(failed).toEqual([]);
  expect(followers[0]!.desired.state.fleet).toEqual({ version, emoji: 1 });
});

test('what is desired can be read while the authority is away', async () => {
  await applyChange(all, set({ emoji: 1 }));
  expect(await compareProxies(all)).toEqual({ desired: authority.desired.state, holder: all[0], others: [] });
  await authority.listener.close(0);
  const { desired, holder, others } = await compareProxies(all);
  expect([desired.fleet.emoji, holder]).toEqual([1, all[1]]);
  expect(others).toEqual([{ url: all[0]!.url, reason: gone }]);
  await Promise.all(followers.map(({ listener }) => listener.close(0)));
  await expect(compareProxies(all)).rejects.toMatchObject({
    ...{ code: 'PROXY_GONE', message: expect.stringContaining(all[0]!.url) },
  });
});

test('proxies that hold something else are named with what they hold', async () => {
  const other = await serveProxy();
  const slow = await serveProxy(authority.listener.url, false);
  authority.desired.patch(set({ emoji: 1 }), 5000);
  expect((await compareProxies([authority.client, other.client, slow.client])).others).toEqual([
    { url: other.client.url, reason: expect.stringMatching(/^does not follow http:.*--follow/) },
    { url: slow.client.url, reason: `holds version 0, ${authority.client.url} holds 5000` },
  ]);
});
