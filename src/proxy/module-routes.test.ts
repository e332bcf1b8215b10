import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { listen } from '../lib/net/http-server.js';
import { modulePath } from '../modules/module-path.js';
import { ModuleStore } from '../modules/module-store.js';
import { MAX_MODULE_BYTES } from '../modules/user-module.js';
import { sensorTokenOf } from '../protocol/sensor-token.js';
import type { Queue } from '../queue/queue.js';
import { tinyModule } from '../test/support/tiny-module.js';
import { createProxy } from './proxy.js';

const folder = mkdtempSync(join(tmpdir(), 'module-routes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KEY = 'k'.repeat(32);
const { app } = createProxy({
  queue: {} as Queue,
  modules: new ModuleStore(folder),
  guard: { operatorToken: 'operator', sensorKeys: [{ key: KEY }], open: true },
});
const module = tinyModule();
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const pathOf = (bytes: Uint8Array) => `/modules/${sha256Of(bytes)}.wasm`;
const put = (path: string, body: Uint8Array, token = 'operator', headers: Record<string, string> = {}) =>
  app.request(path, { method: 'PUT', body, headers: { authorization: `Bearer ${token}`, ...headers } });

test('a module that the operator put here is served by its signed path; its length is told first', async () => {
  expect((await put(pathOf(module), module)).status).toBe(200);
  const path = modulePath(sha256Of(module), 'operator');
  const answer = await app.request(path);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/wasm']);
  expect(Buffer.from(await answer.arrayBuffer()).equals(module)).toBe(true);
  const head = await app.request(path, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(module.length)]);
});

test.each([
  ['without the operator token', () => put(pathOf(module), module, 'other'), [403, 'TOKEN_WRONG']],
  ['under another hash', () => put(pathOf(Buffer.from('x')), module), [422, 'BAD_REQUEST']],
  ['that is no module', () => put(pathOf(Buffer.from('x')), Buffer.from('x')), [422, 'MODULE_INVALID']],
  [
    'above the limit',
    () => put(pathOf(module), module, 'operator', { 'content-length': String(MAX_MODULE_BYTES + 1) }),
    [413, 'TOO_LARGE'],
  ],
  ['with a name that is no hash', () => put('/modules/..%2Fx.wasm', module), [404, 'NO_SUCH_PATH']],
])('one %s is refused', async (_, request, [status, code]) => {
  const before = readdirSync(folder);
  const answer = await request();
  expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([status, code]);
  expect(readdirSync(folder)).toEqual(before);
});

test.each([
  ['nobody', undefined, 401],
  ['a wrong token', 'nonsense', 403],
  ['a token of a node under another key', sensorTokenOf('o'.repeat(32), 'a'), 403],
  ['a node', sensorTokenOf(KEY, 'a'), 200],
  ['the operator', 'operator', 200],
])('without a signed path, %s: %s', async (_, token, status) => {
  await put(pathOf(module), module);
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  expect((await app.request(pathOf(module), { headers })).status).toBe(status);
});

test('a path is good for its module, its token and its years only', async () => {
  await put(pathOf(module), module);
  const sha256 = sha256Of(module);
  const statusOf = async (path: string) => (await app.request(path)).status;
  const inYear = (year: number) => modulePath(sha256, 'operator', Date.UTC(year, 11, 31));
  const year = new Date().getUTCFullYear();
  expect([await statusOf(inYear(year)), await statusOf(inYear(year - 1))]).toEqual([200, 200]);
  expect(await statusOf(inYear(year - 2))).toBe(403);
  expect(await statusOf(inYear(year).replace(String(year + 2), String(year + 9)))).toBe(403);
  expect(await statusOf(modulePath(sha256, 'other'))).toBe(403);
  expect(await statusOf(modulePath(sha256Of(Buffer.from('x')), 'operator').replace(/[^/]*$/, `${sha256}.wasm`))).toBe(
    403,
  );
  expect(await statusOf(`/modules/never/${sha256}.wasm`)).toBe(403);
});

test('one that is not here is not found', async () => {
  expect((await app.request(modulePath(sha256Of(Buffer.from('unknown')), 'operator'))).status).toBe(404);
});

test('of readers that do not read, so many get an answer, and none gets the whole module into memory', async () => {
  const large = Buffer.concat([module, customSection(8 * 1_048_576)]);
  expect((await put(pathOf(large), large)).status).toBe(200);
  const { port, close } = await listen({
    fetch: app.fetch,
    host: '127.0.0.1',
    port: 0,
    purpose: 'proxy',
    flag: '--port',
  });
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await close(0);
  });
  const before = process.memoryUsage().rss;
  const path = modulePath(sha256Of(large), 'operator');
  for (let n = 0; n < 65; n++) {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  }
  const url = `http://127.0.0.1:${port}${path}`;
  const statusOf = async () => {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status;
  };
  await expect.poll(statusOf, { timeout: 10_000 }).toBe(503);
  // 64 of them whole are half a gigabyte.
  expect(process.memoryUsage().rss - before).toBeLessThan(192 * 1_048_576);
  for (const socket of sockets.splice(0)) socket.destroy();
  await expect.poll(statusOf, { timeout: 10_000 }).toBe(200);
  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(large.length);
});

/** A custom section, which runs nothing. */
function customSection(bytes: number): Buffer {
  const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)]);
  return Buffer.concat([Buffer.from([0, ...leb(bytes + 2), 1, 0x78]), Buffer.alloc(bytes)]);
}
