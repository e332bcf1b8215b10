/** Guests with a thread of their own; the thread runs the built program. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { tinyModule } from '../../test/support/tiny-module.js';
import { SensorHost, type SensorHostOptions } from '../sensor-host.js';
import { loadModule } from './sensor-module.js';
import type { HttpRequest, HttpTransport } from './transport.js';
import type { GuestExit } from './wasi-guest.js';

const WAIT = { timeout: 20_000 };
const WASI = 'wasi_snapshot_preview1';
const [I32, CALL, DROP] = [0x41, 0x10, 0x1a];
const LOOP_FOREVER = [0x03, 0x40, 0x0c, 0, 0x0b];
/** A constant up to 63. */
const push = (...values: number[]) => values.flatMap((value) => [I32, value]);
/** "oh no\n" at 16, and its vector at 0. */
const LINE = [16, 0, 0, 0, 6, 0, 0, 0, ...Array(8).fill(0), ...Buffer.from('oh no\n')];
const WRITE = [...push(1, 0, 1, 8), CALL, 0, DROP];

const folder = mkdtempSync(join(tmpdir(), 'thread-guest-'));
afterAll(() => rmSync(folder, { recursive: true }));

let host: SensorHost;
afterEach(() => host.close());

interface Started {
  exit: (GuestExit & { last: string }) | undefined;
  guest: ReturnType<SensorHost['start']>;
}

async function start(bytes: Uint8Array, options: SensorHostOptions = {}): Promise<Started> {
  host = new SensorHost(options);
  return startAnother(bytes);
}

async function startAnother(bytes: Uint8Array): Promise<Started> {
  const started: Partial<Started> = { exit: undefined };
  const path = join(folder, 'tiny.wasm');
  writeFileSync(path, bytes);
  const spec = { args: [], env: {}, region: 'eu' };
  started.guest = host.start(await loadModule(path), spec, (exit, last) => {
    started.exit = { ...exit, last };
  });
  return started as Started;
}

const exited = (one: Started) => vi.waitFor(() => expect(one.exit).toBeDefined(), WAIT);

test.each([
  ['an exit code', [...WRITE, ...push(3), CALL, 1], { kind: 'exit', code: 3, last: 'oh no' }],
  ['a trap', [...WRITE, 0x00], { kind: 'trap', message: 'unreachable', last: 'oh no' }],
  ['its end', WRITE, { kind: 'returned', last: 'oh no' }],
])('a guest that ends with %s is known with its last words', async (_, code, exit) => {
  const started = await start(tinyModule({ imports: [`${WASI} fd_write`, `${WASI} proc_exit`], code, data: LINE }));
  await exited(started);
  expect(started.exit).toEqual(exit);
  expect(host.stats().running).toBe(0);
});

test('a guest that spins hurts nobody and can be stopped; what it wrote before is kept', async () => {
  const spinning = tinyModule({ imports: [`${WASI} fd_write`], code: [...WRITE, ...LOOP_FOREVER], data: LINE });
  const first = await start(spinning);
  await vi.waitFor(() => expect(first.guest.lastLines).toEqual(['oh no']), WAIT);
  const second = await startAnother(tinyModule());
  await exited(second);
  first.guest.stop();
  expect(host.stats().running).toBe(0);
  await exited(first);
  expect(first.exit).toEqual({ kind: 'stopped', last: 'oh no' });
});

test('memory grows to the limit of nodes and no further', async () => {
  // 2,047 more pages than one are 128 MB; traps where the result is -1.
  const grow = (pages: number[]) => [I32, ...pages, 0x40, 0, ...push(0), 0x48, 0x04, 0x40, 0x00, 0x0b];
  const within = await start(tinyModule({ code: grow([0xff, 0x0f]) }));
  await exited(within);
  expect(within.exit).toMatchObject({ kind: 'returned' });
  const above = await startAnother(tinyModule({ code: grow([0x80, 0x10]) }));
  await exited(above);
  expect(above.exit).toMatchObject({ kind: 'trap' });
});

/** Requests that stay unanswered until a test answers them. */
function heldTransport() {
  const requests: { request: HttpRequest; closed: boolean; done: Parameters<HttpTransport['send']>[1] }[] = [];
  const transport: HttpTransport = {
    send(request, done) {
      const held = { request, closed: false, done };
      requests.push(held);
      return {
        close() {
          held.closed = true;
        },
      };
    },
    close: async () => {},
  };
  return { transport, requests };
}

// Lengths of the answer's parts at 4 and 8, its status at 12; the URL at 32, the answer's body at 60.
const URL_AT = 32;
const TARGET = 'http://p/x';
const CELLS = [0, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0];
const REQUEST = [...push(0, URL_AT, TARGET.length, 0, 0, 0, 0, 16, 4, 60, 8, 12), CALL, 0];
const REQUEST_DATA = [...CELLS, ...Array(URL_AT - CELLS.length).fill(0), ...Buffer.from(TARGET)];
/** Exits with the result of the request. */
const requester = tinyModule({
  imports: ['wasi:http/requests http_request', `${WASI} proc_exit`],
  code: [...REQUEST, CALL, 1],
  data: REQUEST_DATA,
});

test('a request is made by the host over the link of the region; a cut breaks it', async () => {
  const { transport, requests } = heldTransport();
  const answered = await start(requester, { transport });
  await vi.waitFor(() => expect(requests).toHaveLength(1), WAIT);
  expect(requests[0]!.request).toMatchObject({ method: 'GET', url: new URL(TARGET), body: undefined });
  requests[0]!.done({ result: 0, status: 204, headers: '', body: Buffer.from('ok') });
  await exited(answered);
  expect(answered.exit).toMatchObject({ kind: 'exit', code: 0 });
  const broken = await startAnother(requester);
  await vi.waitFor(() => expect(requests).toHaveLength(2), WAIT);
  host.setLink('eu', false);
  await exited(broken);
  expect(broken.exit).toMatchObject({ kind: 'exit', code: 2 });
  expect(host.stats().results).toEqual({ eu: { '2xx': 1, network_error: 1 } });
});

test('a guest that is stopped in a request sends nothing more', async () => {
  const { transport, requests } = heldTransport();
  const waiting = await start(requester, { transport });
  await vi.waitFor(() => expect(requests).toHaveLength(1), WAIT);
  waiting.guest.stop();
  expect(requests[0]!.closed).toBe(true);
  await exited(waiting);
  expect(waiting.exit).toMatchObject({ kind: 'stopped' });
});
