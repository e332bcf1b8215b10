/** What a relay asks for modules upstream, for whom, and what becomes of the answers. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { modulePath } from '../modules/module-path.js';
import { ModuleStore } from '../modules/module-store.js';
import { MAX_MODULE_BYTES } from '../modules/user-module.js';
import { sensorTokenOf } from '../protocol/sensor-token.js';
import type { Queue } from '../queue/queue.js';
import { tinyModule } from '../test/support/tiny-module.js';
import { createProxy } from './proxy.js';
import type { ModuleSource } from './upstream-modules.js';

const KEY = 'k'.repeat(32);
const module = tinyModule();
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const sha256 = sha256Of(module);
const plain = `/modules/${sha256}.wasm`;
const signed = modulePath(sha256, 'operator');
const unknown = sha256Of(Buffer.from('unknown'));

let folder: string;
let source: ModuleSource;
let asked: string[];
let relay: ReturnType<typeof createProxy>['app'];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'upstream-modules-'));
  const store = new ModuleStore(join(folder, 'upstream'));
  store.put(sha256, module);
  const guard = { operatorToken: 'operator', sensorKeys: [{ key: KEY }] };
  const upstream = createProxy({ queue: {} as Queue, modules: store, guard }).app;
  const headers = { authorization: `Bearer ${sensorTokenOf(KEY, 'any')}` };
  // As fetch does with the address of a request.
  source = (path, method, withToken) =>
    Promise.resolve(upstream.request(new URL(path, 'http://up').href, { method, ...(withToken ? { headers } : {}) }));
  asked = [];
  relay = createProxy({
    queue: {} as Queue,
    modules: new ModuleStore(join(folder, 'relay')),
    guard: { sensorKeys: [{ key: KEY }] },
    moduleSource(path, method, withToken) {
      asked.push(`${method} ${path}${withToken ? ' with token' : ''}`);
      return source(path, method, withToken);
    },
  }).app;
});
afterEach(() => rmSync(folder, { recursive: true }));

const statusOf = async (path: string) => (await relay.request(path)).status;
const codeOf = async (path: string) => {
  const answer = await relay.request(path);
  return [answer.status, ((await answer.json()) as { error: { code: string } }).error.code];
};

test('a relay has a module from upstream, for paths that upstream permits, and keeps it for when that is away', async () => {
  const answers = await Promise.all([relay.request(signed), relay.request(signed)]);
  for (const answer of answers) expect(Buffer.from(await answer.arrayBuffer()).equals(module)).toBe(true);
  expect((await relay.request(signed, { method: 'HEAD' })).status).toBe(200);
  expect(asked).toEqual([`HEAD ${signed}`, `GET ${signed}`, `HEAD ${signed}`]);
  source = () => Promise.reject(new Error('away'));
  expect(await statusOf(signed)).toBe(200);
  expect(await codeOf(modulePath(unknown, 'operator'))).toEqual([503, 'AUTHORITY_UNREACHABLE']);
});

test('its own token goes upstream only for who has shown one of the relay', async () => {
  const authorization = `Bearer ${sensorTokenOf(KEY, 'node')}`;
  expect([await statusOf(plain), asked]).toEqual([403, []]);
  expect((await relay.request(plain, { headers: { authorization } })).status).toBe(200);
  expect(asked).toEqual([`GET ${plain} with token`]);
});

test.each(['%2e%5c.%5c.', '..%5c', '%2e%2e%2f', '2028-x', `20280-${'x'.repeat(43)}`, `2028-${'x'.repeat(42)}%5c`])(
  'a path that is not signed, as %s, is not asked for',
  async (permission) => {
    expect(await codeOf(`/modules/${permission}/${sha256}.wasm`)).toEqual([404, 'NO_SUCH_PATH']);
    expect(asked).toEqual([]);
  },
);

test('a wrong path is a wrong token of who asks, whether the module is kept, and also beside a right one', async () => {
  const wrong = signed.replace('/modules/2', '/modules/3');
  const both = await Promise.all([codeOf(wrong), statusOf(signed)]);
  expect(both).toEqual([[403, 'TOKEN_WRONG'], 200]);
  expect(await codeOf(wrong)).toEqual([403, 'TOKEN_WRONG']);
});

test('four are asked for at once', async () => {
  const answers: (() => void)[] = [];
  source = () => new Promise((resolve) => answers.push(() => resolve(new Response('', { status: 403 }))));
  const paths = Array.from({ length: 5 }, (_, n) => modulePath(sha256Of(Buffer.from(String(n))), 'operator'));
  const waiting = paths.slice(0, 4).map(statusOf);
  await vi.waitFor(() => expect(answers).toHaveLength(4));
  const fifth = await relay.request(paths[4]!);
  expect([fifth.status, fifth.headers.get('retry-after')]).toEqual([503, '2']);
  for (const answer of answers) answer();
  expect(await Promise.all(waiting)).toEqual([403, 403, 403, 403]);
});

test('one client has one question at a time, so that it does not take the places of others', async () => {
  const answers: (() => void)[] = [];
  source = () => new Promise((resolve) => answers.push(() => resolve(new Response('', { status: 403 }))));
  const from = (remoteAddress: string, n: number) => {
    const path = modulePath(sha256Of(Buffer.from(String(n))), 'operator');
    return relay.request(path, {}, { incoming: { socket: { remoteAddress } } });
  };
  const first = from('10.0.0.1', 1);
  expect((await from('10.0.0.1', 2)).status).toBe(503);
  const other = from('10.0.0.2', 3);
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  for (const answer of answers) answer();
  expect([(await first).status, (await other).status]).toEqual([403, 403]);
  const again = from('10.0.0.1', 2);
  await vi.waitFor(() => expect(answers).toHaveLength(3));
  answers[2]!();
  expect((await again).status).toBe(403);
});

test.each([
  [404, 404, 'NO_SUCH_PATH'],
  [403, 403, 'TOKEN_WRONG'],
  [429, 503, 'AUTHORITY_UNREACHABLE'],
  [500, 503, 'AUTHORITY_UNREACHABLE'],
])('an error %i of upstream is an own answer of the relay', async (status, own, code) => {
  source = async () => new Response('<script>', { status, headers: { 'set-cookie': 'a=b', 'x-evil': '1' } });
  const answer = await relay.request(signed);
  expect(answer.status).toBe(own);
  expect([answer.headers.get('set-cookie'), answer.headers.get('x-evil')]).toEqual([null, null]);
  expect(await answer.json()).toMatchObject({ error: { code } });
});

test('an endless module is read up to the limit of modules, and another one is not kept', async () => {
  let sent = 0;
  const piece = new Uint8Array(1_048_576);
  const endless = () =>
    new ReadableStream({
      pull(controller) {
        sent += piece.length;
        controller.enqueue(piece);
      },
    });
  source = async (_, method) => new Response(method === 'HEAD' ? null : endless());
  expect(await codeOf(signed)).toEqual([503, 'AUTHORITY_UNREACHABLE']);
  expect(sent).toBeLessThan(MAX_MODULE_BYTES + 4 * piece.length);
  source = async () => new Response('another');
  expect(await codeOf(signed)).toEqual([503, 'AUTHORITY_UNREACHABLE']);
  expect(readdirSync(folder)).toEqual(['upstream']);
});
