/** Proxies that share what an operator has set, before a document that is made up; on a real database in `src/test/e2e`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import { patchSchema } from '../protocol/desired-config.js';
import { desiredConfigStore } from './desired-config-store.js';
import { createProxy } from './proxy.js';
import { revocations } from './revoked-hosts.js';
import { type SharedContent, type SharedDocument, sharedState } from './shared-state.js';

/** A document that is away while `world.away` says why. */
function documentOf(world: { away?: AppError | undefined } = {}) {
  let row: { revision: number; content: unknown } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const document: SharedDocument = {
    url: 'postgres://db/fleet',
    async read(initial, known) {
      if (world.away) throw world.away;
      row ??= { revision: 1, content: initial };
      return row.revision === known ? { ...row, content: null } : structuredClone(row);
    },
    change(work) {
      const made = last.then(async () => {
        if (world.away) throw world.away;
        const { content, result } = await work(structuredClone(row?.content));
        await sleep(1);
        if (world.away) throw world.away;
        row = { revision: (row?.revision ?? 0) + 1, content };
        return { revision: row.revision, result };
      });
      last = made.catch(() => {});
      return made;
    },
  };
  const restore = (content: SharedContent) => {
    row = { revision: 1, content };
  };
  return { document, world, restore };
}

async function proxyOn(document: SharedDocument, own = { desired: desiredConfigStore(), revoked: revocations() }) {
  const shared = sharedState(own, document, { everyMs: 20 });
  await shared.refresh();
  const { app, stats } = createProxy({
    queue: { name: 'q', send: async () => [], depth: async () => ({ visible: 0, inFlight: 0, delayed: 0 }) },
    ...own,
    shared,
    guard: { operatorToken: 't' },
  });
  const call = async (method: string, path: string, body?: object) => {
    const headers = { authorization: 'Bearer t' };
    const answer = await app.request(path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    return { status: answer.status, body: (await answer.json()) as { version: number; error?: { code: string } } };
  };
  const set = (set: object, over: object = {}) => call('PATCH', '/config', { set, replace: true, ...over });
  return { ...own, shared, call, set, stats };
}

const away = () => new AppError('STORE_UNREACHABLE', 'the server does not answer');

test('a change at any proxy is at the others with their next look; a host that one revokes may send at none', async () => {
  const { document } = documentOf();
  const [a, b] = [await proxyOn(document), await proxyOn(document)];
  const { body } = await a.set({ color: '#00ff88' });
  await b.call('PATCH', '/sensors/revoked', { hostname: 'Edge-1', revoked: true });
  await Promise.all([a.shared.refresh(), b.shared.refresh()]);
  for (const { desired, revoked, call } of [a, b]) {
    expect(desired.state).toMatchObject({ version: body.version, fleet: { color: '#00ff88' } });
    expect(revoked.list).toEqual(['Edge-1']);
    expect((await call('GET', '/config')).body).toMatchObject({ follows: 'postgres://db/fleet' });
  }
  await a.call('PATCH', '/sensors/revoked', { hostname: 'edge-1', revoked: false });
  await b.shared.refresh();
  expect(b.revoked.list).toEqual([]);
});

test('changes of one field at the same time have one order: each gets a version, and the newest is what all hold', async () => {
  const { document } = documentOf();
  const proxies = [await proxyOn(document), await proxyOn(document)];
  const made = await Promise.all(
    Array.from({ length: 10 }, (_, i) => proxies[i % 2]!.set({ interval: i + 1 }, { seen: 0 })),
  );
  const versions = made.map(({ body }) => body.version);
  expect(new Set(versions).size).toBe(10);
  const newest = versions.indexOf(Math.max(...versions));
  await Promise.all(proxies.map(({ shared }) => shared.refresh()));
  for (const { desired } of proxies)
    expect(desired.state.fleet).toEqual({ interval: newest + 1, version: versions[newest] });
});

test('while the database is away nothing changes, and sensors are answered from the copy; then it goes on', async () => {
  const { document, world } = documentOf();
  const proxy = await proxyOn(document);
  await proxy.set({ color: '#00ff88' });
  world.away = away();
  expect(await proxy.shared.refresh()).toBe(false);
  expect(await proxy.set({ color: '#000000' })).toMatchObject({
    status: 503,
    body: { error: { code: 'AUTHORITY_UNREACHABLE' } },
  });
  expect(await proxy.call('PATCH', '/sensors/revoked', { hostname: 'h', revoked: true })).toMatchObject({
    status: 503,
  });
  expect(proxy.desired.state.fleet).toMatchObject({ color: '#00ff88' });
  expect(proxy.revoked.list).toEqual([]);
  expect(proxy.stats().follows).toMatchObject({ status: { kind: 'failed' } });
  world.away = undefined;
  expect((await proxy.set({ color: '#ffffff' })).status).toBe(200);
  expect(proxy.desired.state.fleet).toMatchObject({ color: '#ffffff' });
});

test('a change whose commit fails is not answered with success, and no sensor hears of it', async () => {
  const { document, world } = documentOf();
  const proxy = await proxyOn(document);
  const made = proxy.set({ color: '#00ff88' });
  await Promise.resolve();
  setTimeout(() => {
    world.away = away();
  });
  expect((await made).status).toBe(503);
  expect(proxy.desired.version).toBe(0);
});

test('what a change is refused for stays its own error', async () => {
  const { document } = documentOf();
  const proxy = await proxyOn(document);
  proxy.desired.recordReportedVersion(Date.now());
  expect(await proxy.set({ color: '#00ff88' }, { replace: false, seen: 0 })).toMatchObject({
    body: { error: { code: 'STATE_LOST' } },
  });
});

test('a version that the sensors of one proxy have, and the database has lost, counts at all of them', async () => {
  const { document } = documentOf();
  const [a, b] = [await proxyOn(document), await proxyOn(document)];
  const lost = Date.now() + 60_000;
  a.desired.recordReportedVersion(lost);
  await a.shared.refresh();
  await b.shared.refresh();
  expect([a.desired.lost, b.desired.lost]).toEqual([lost, lost]);
  const { body } = await b.set({ color: '#00ff88' });
  expect(body.version).toBeGreaterThan(lost);
});

test('a database that was restored from an older copy gets the newest configuration that any proxy has', async () => {
  const { document, restore } = documentOf();
  const [a, b] = [await proxyOn(document), await proxyOn(document)];
  const older = { desired: structuredClone(a.desired.state), seen: 0, revoked: [] };
  await a.set({ color: '#00ff88' });
  restore(older);
  await a.shared.refresh();
  await b.shared.refresh();
  expect(b.desired.state).toEqual(a.desired.state);
});

test('a proxy that comes with a newer configuration of its own replaces nothing: the others hear that something is lost', async () => {
  const { document } = documentOf();
  const a = await proxyOn(document);
  await a.set({ color: '#00ff88' });
  const own = { desired: desiredConfigStore(), revoked: revocations() };
  own.desired.patch(patchSchema.parse({ set: { interval: 2 } }), a.desired.version + 1000);
  const b = await proxyOn(document, own);
  await a.shared.refresh();
  expect(b.stats().follows).toMatchObject({ status: { kind: 'ahead' } });
  expect(a.desired.state.fleet).toMatchObject({ color: '#00ff88' });
  for (const { set } of [a, b]) {
    expect(await set({ color: '#000000' }, { replace: false })).toMatchObject({
      body: { error: { code: 'STATE_LOST' } },
    });
  }
  await a.set({ color: '#ffffff' });
  await b.shared.refresh();
  expect(b.desired.state).toEqual(a.desired.state);
  expect(b.stats().follows).toMatchObject({ status: { kind: 'following' } });
});

test('the first proxy of a new database brings what its files hold', async () => {
  const { document } = documentOf();
  const own = { desired: desiredConfigStore(), revoked: revocations() };
  own.desired.patch(patchSchema.parse({ set: { interval: 2 } }), 7);
  own.revoked.set('h', true);
  await proxyOn(document, own);
  const other = await proxyOn(document);
  expect([other.desired.state.fleet, other.revoked.list]).toEqual([{ interval: 2, version: 7 }, ['h']]);
});

test('a change that comes before the first look at a new database is made', async () => {
  const { document, world } = documentOf({ away: away() });
  const a = await proxyOn(document);
  world.away = undefined;
  expect(await a.set({ interval: 2 })).toMatchObject({ status: 200 });
  expect(a.desired.state.fleet).toMatchObject({ interval: 2 });
});

test('a running proxy has a change of another one with its next look', async () => {
  const { document } = documentOf();
  const [a, b] = [await proxyOn(document), await proxyOn(document)];
  const stop = new AbortController();
  const running = b.shared.run(stop.signal);
  await a.set({ color: '#00ff88' });
  await vi.waitFor(() => expect(b.desired.version).toBe(a.desired.version));
  stop.abort();
  await running;
});
