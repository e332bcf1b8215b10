import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ModuleStore } from '../modules/module-store.js';
import { MAX_MODULE_BYTES } from '../modules/user-module.js';
import type { Queue } from '../queue/queue.js';
import { tinyModule } from '../test/support/tiny-module.js';
import { createProxy } from './proxy.js';

const folder = mkdtempSync(join(tmpdir(), 'module-routes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { app } = createProxy({
  queue: {} as Queue,
  modules: new ModuleStore(folder),
  guard: { operatorToken: 'operator' },
});
const module = tinyModule();
const pathOf = (bytes: Uint8Array) => `/modules/${createHash('sha256').update(bytes).digest('hex')}.wasm`;
const put = (path: string, body: Uint8Array, token = 'operator', headers: Record<string, string> = {}) =>
  app.request(path, { method: 'PUT', body, headers: { authorization: `Bearer ${token}`, ...headers } });

test('a module that the operator put here is served to whoever knows its hash; its length is told first', async () => {
  expect((await put(pathOf(module), module)).status).toBe(200);
  const answer = await app.request(pathOf(module));
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/wasm']);
  expect(Buffer.from(await answer.arrayBuffer()).equals(module)).toBe(true);
  const head = await app.request(pathOf(module), { method: 'HEAD' });
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

test('one that is not here is not found', async () => {
  expect((await app.request(pathOf(Buffer.from('unknown')))).status).toBe(404);
});
