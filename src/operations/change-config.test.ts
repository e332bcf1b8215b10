import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Listener, listen } from '../lib/net/listen.js';
import type { ScopeConfig } from '../protocol/desired-config.js';
import { ConfigClient } from '../proxy/config-client.js';
import { DesiredConfig } from '../proxy/desired-store.js';
import { createProxy } from '../proxy/proxy.js';
import type { Queue } from '../queue/queue.js';
import { applyChange, compareProxies, syncProxies } from './change-config.js';

const TOKEN = 'operator';
const queue = {} as Queue;
let served: { desired: DesiredConfig; listener: Listener }[];
let clients: ConfigClient[];

/** A real proxy that listens; configuration needs no queue. */
async function serveProxy(path?: string) {
  const desired = new DesiredConfig(path);
  const { fetch } = createProxy({ queue, desired, guard: { operatorToken: TOKEN } }).app;
  return { desired, listener: await listen({ fetch, host: '127.0.0.1', port: 0, purpose: 'proxy', flag: '' }) };
}

const clientOf = ({ listener }: { listener: Listener }, token = TOKEN) => new ConfigClient(listener.url, { token });
const set = (values: object) => ({ scope: {}, set: values, unset: [], seen: 0 });
const plain = ({ changed: _, ...config }: ScopeConfig) => config;
const fleets = () => served.map(({ desired }) => plain(desired.state.fleet));

beforeEach(async () => {
  served = [await serveProxy(), await serveProxy(), await serveProxy()];
  clients = served.map((proxy) => clientOf(proxy));
});
afterEach(() => Promise.all(served.map(({ listener }) => listener.close(0))));

test('all proxies hold the same under one version, also one that joins later', async () => {
  await applyChange(clients.slice(0, 2), set({ color: '#00ff88', paused: true }));
  const { version, failed } = await applyChange(clients, set({ interval: 2 }));
  expect(failed).toEqual([]);
  expect(fleets()).toEqual(Array(3).fill({ version, color: '#00ff88', paused: true, interval: 2 }));
});

test('a first proxy that knows less than another is brought up to date before the change', async () => {
  served[1]!.desired.patch({ scope: { region: 'eu' }, set: { emoji: 3 }, unset: [] }, 9000);
  served[0]!.desired.hear(9000);
  const { version } = await applyChange(clients, set({ interval: 2 }));
  expect(version).toBeGreaterThan(9000);
  for (const { desired } of served) expect(plain(desired.state.regions.eu!)).toEqual({ version: 9000, emoji: 3 });
});

test('proxies that did not take it are named with the reason, and the next change reaches them', async () => {
  await served[0]!.listener.close(0);
  clients[2] = clientOf(served[2]!, 'another');
  const { version, failed, state } = await applyChange(clients, set({ emoji: 1 }));
  expect(failed).toEqual([
    { url: clients[0]!.url, reason: expect.stringContaining('does not answer') },
    { url: clients[2]!.url, reason: expect.stringContaining('token') },
  ]);
  expect(plain(state.fleet)).toEqual({ version, emoji: 1 });
  expect(fleets()).toEqual([{ version: 0 }, { version, emoji: 1 }, { version: 0 }]);
});

test('a proxy that can not keep the change is passed over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reconfigure-'));
  const broken = await serveProxy(join(folder, 'desired.json'));
  served.push(broken);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  const { version, failed } = await applyChange([clientOf(broken), ...clients], set({ emoji: 1 }));
  expect(failed).toEqual([{ url: broken.listener.url, reason: expect.stringContaining('failed') }]);
  expect(fleets()).toEqual([...Array(3).fill({ version, emoji: 1 }), { version: 0 }]);
  rmSync(folder);
});

test('a refusal by the first changes nothing anywhere; without any proxy the first reason is given', async () => {
  const strangers = served.map((proxy) => clientOf(proxy, 'another'));
  await expect(applyChange(strangers, set({ emoji: 1 }))).rejects.toMatchObject({ code: 'TOKEN_WRONG' });
  expect(fleets()).toEqual(Array(3).fill({ version: 0 }));
  await Promise.all(served.map(({ listener }) => listener.close(0)));
  await expect(applyChange(clients, set({ emoji: 1 }))).rejects.toMatchObject({
    code: 'PROXY_GONE',
    message: expect.stringContaining(clients[0]!.url),
  });
});

test('a lost state is refused, and given up only where that was asked for', async () => {
  const change = { ...set({ emoji: 1 }), seen: 7000 };
  await expect(applyChange(clients.slice(0, 1), change)).rejects.toMatchObject({ code: 'STATE_LOST', fault: 'user' });
  const { version } = await applyChange(clients.slice(0, 1), { ...change, replace: true });
  expect(fleets()[0]).toEqual({ version, emoji: 1 });
});

test('changes made at different proxies at the same time are all kept', async () => {
  const changes = [set({ color: '#00ff88' }), set({ emoji: 3 }), set({ interval: 2 })];
  await Promise.all(changes.map((change, i) => applyChange([...clients.slice(i), ...clients.slice(0, i)], change)));
  const { state } = await syncProxies(clients);
  expect(state?.fleet).toMatchObject({ color: '#00ff88', emoji: 3, interval: 2 });
  expect(fleets()).toEqual(Array(3).fill(plain(state!.fleet)));
});

test('what is held can be told while the first proxy is away', async () => {
  await applyChange(clients, set({ emoji: 1 }));
  await served[0]!.listener.close(0);
  const { desired, holder, others } = await compareProxies(clients);
  expect([desired.fleet.emoji, holder]).toEqual([1, clients[1]]);
  expect(others).toEqual([{ url: clients[0]!.url, reason: expect.stringContaining('does not answer') }]);
});

test('levelling gives each the newest of each scope; what still differs is named', async () => {
  served[0]!.desired.patch(set({ emoji: 1 }), 1000);
  served[1]!.desired.patch({ scope: { hostname: 'h' }, set: { emoji: 2 }, unset: [] }, 2000);
  expect((await compareProxies(clients)).others.map(({ url }) => url)).toEqual([clients[1]!.url, clients[2]!.url]);
  const { state } = await syncProxies(clients);
  expect(state).toMatchObject({
    ...{ version: 2000, fleet: { version: 1000, emoji: 1 }, regions: {} },
    hosts: { h: { version: 2000, emoji: 2 } },
  });
  expect(await compareProxies(clients)).toEqual({ desired: state, holder: clients[0], others: [] });
});
