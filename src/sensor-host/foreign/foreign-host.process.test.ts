/** Modules that are not ours, each in a process of its own; the process runs the built program. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ASYNCIFY_EXPORTS } from '../../modules/user-module.js';
import { hostileModule, hostileModules } from '../../test/support/hostile-modules.js';
import { type TinyModule, tinyModule } from '../../test/support/tiny-module.js';
import type { GuestExit } from '../guest/wasi-guest.js';
import type { Runner } from '../sensor-host.js';
import { ForeignHost } from './foreign-host.js';

/** Its process yields to all others: on a busy machine it hardly runs. Nothing here waits for longer than it must. */
const WAIT = { timeout: 80_000, interval: 50 };
vi.setConfig({ testTimeout: 240_000 });
const WASI = 'wasi_snapshot_preview1';

const folder = mkdtempSync(join(tmpdir(), 'foreign-'));
/** One for each test: what a killed process has asked for may arrive after its test. */
let server: Server;
/** Requests that this test's server has got. */
let asked: number;
let host: ForeignHost;
let refused: string[];
let ends: { exit: GuestExit; lastLine: string }[];

beforeEach(async () => {
  [host, asked, refused, ends] = [new ForeignHost(), 0, [], []];
  const own = createServer((_, response) => {
    if (server === own) asked++;
    response.end('ok');
  });
  server = own;
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  host.close();
  server.closeAllConnections();
  server.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const origin = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;

async function open(bytes: Uint8Array, allow: string[] = []): Promise<Runner> {
  const module = join(folder, 'x.wasm');
  writeFileSync(module, bytes);
  return host.open({ module, allow }, (one) => refused.push(one));
}

const start = (runner: Runner, env: Record<string, string> = {}) =>
  runner.start({ args: [], env, region: 'eu' }, (exit, lastLine) => ends.push({ exit, lastLine }));

const loopOfAsyncify: TinyModule = { ...hostileModules('')['an endless loop']!, exports: ASYNCIFY_EXPORTS };
const asking = () => hostileModule(hostileModules(`http://${origin()}/`)['requests for more than it takes']!);

test('a module that keeps the thread of its guests is ended, and all of them are known to have failed', async () => {
  const runner = await open(hostileModule(loopOfAsyncify));
  start(runner);
  start(runner);
  expect(host.stats().running).toBe(2);
  await vi.waitFor(() => expect(ends).toHaveLength(2), WAIT);
  expect(ends[0]).toEqual({ exit: { kind: 'trap', message: 'its process ended: no answer for 10 s' }, lastLine: '' });
  expect(host.stats().running).toBe(0);
});

test('a guest reaches only what is allowed; the host counts its requests and says what it asked for', async () => {
  start(await open(asking(), [origin()]));
  await vi.waitFor(() => expect(host.stats().results.eu?.['2xx']).toBeGreaterThan(0), WAIT);
  expect(refused).toEqual([]);
  host.setLink('eu', false);
  const counted = () => host.stats().results.eu?.network_error ?? 0;
  await vi.waitFor(() => expect(counted()).toBeGreaterThan(0), WAIT);
  const before = asked;
  const errors = counted();
  await vi.waitFor(() => expect(counted()).toBeGreaterThan(errors), WAIT);
  expect(asked).toBe(before);
  host.setLink('eu', true);
  await vi.waitFor(() => expect([asked > before, ends]).toEqual([true, []]), WAIT);
});

test('what is not allowed is never asked, and is said once', async () => {
  start(await open(asking(), ['localhost']));
  await vi.waitFor(() => expect(host.stats().results.eu?.not_allowed).toBeGreaterThan(1), WAIT);
  expect([asked, refused]).toEqual([0, [origin()]]);
});

test('a job whose region was cut before begins without its link', async () => {
  host.setLink('eu', false);
  start(await open(asking(), [origin()]));
  await vi.waitFor(() => expect(host.stats().results.eu?.network_error).toBeGreaterThan(0), WAIT);
  expect(asked).toBe(0);
});

test('counts stay when a process has ended; those that were stopped are known at once', async () => {
  const runner = await open(asking(), [origin()]);
  const guest = start(runner);
  await vi.waitFor(() => expect(host.stats().results.eu).toBeDefined(), WAIT);
  guest.stop();
  runner.close();
  expect(ends).toEqual([{ exit: { kind: 'stopped' }, lastLine: '' }]);
  expect(host.stats()).toMatchObject({ running: 0 });
  expect(host.stats().results.eu).toBeDefined();
});

test('what is not a module is refused with the reason', async () => {
  await expect(open(Buffer.from('text'))).rejects.toMatchObject({ code: 'MODULE_INVALID', fault: 'user' });
  await expect(open(tinyModule({ imports: [`${WASI} sock_open`] }))).rejects.toMatchObject({ code: 'MODULE_REFUSED' });
});

test('more threads than the host has are refused', async () => {
  host = new ForeignHost({ maxThreads: 1 });
  const runner = await open(hostileModule(hostileModules('')['an endless loop']!));
  start(runner);
  expect(() => start(runner)).toThrow(expect.objectContaining({ code: 'HOST_FULL' }));
});
