import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tinyModule } from '../test/support/tiny-module.js';
import { ASYNCIFY_EXPORTS, MAX_MODULE_BYTES, readUserModule } from './user-module.js';

const folder = mkdtempSync(join(tmpdir(), 'user-module-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(bytes: Uint8Array | string, name = 'my.wasm'): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const namesOf = (bytes: Uint8Array) => WebAssembly.Module.customSections(new WebAssembly.Module(bytes), 'name');

test('what a module may use is what it imports', async () => {
  const imports = [
    'wasi_snapshot_preview1 poll_oneoff',
    'wasi_snapshot_preview1 fd_write',
    'wasi:http/requests http_request',
  ];
  const path = file(tinyModule({ imports }));
  expect((await readUserModule(path)).facts).toEqual({
    wasi: ['fd_write', 'poll_oneoff'],
    http: true,
    suspendable: false,
  });
  const ours = file(tinyModule({ exports: ASYNCIFY_EXPORTS }));
  expect((await readUserModule(ours)).facts).toEqual({ wasi: [], http: false, suspendable: true });
  const tinyGo = file(tinyModule({ exports: ASYNCIFY_EXPORTS.filter((name) => !name.includes('buffer')) }));
  expect((await readUserModule(tinyGo)).facts.suspendable).toBe(false);
});

test('a module without a name section gets one with the name of its file; one that has it stays as it is', async () => {
  const plain = tinyModule();
  const { bytes, sha256 } = await readUserModule(file(plain, 'thermo.wasm'));
  expect(Buffer.from(bytes.subarray(0, plain.length)).equals(plain)).toBe(true);
  expect(namesOf(plain)).toHaveLength(0);
  expect(Buffer.from(namesOf(bytes)[0]!).toString()).toBe('\u0000\u0007\u0006thermo');
  expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  const named = tinyModule({ name: 'x' });
  expect(Buffer.from((await readUserModule(file(named))).bytes).equals(named)).toBe(true);
});

test.each([
  ['text', '(module)', 'MODULE_INVALID', 'my.wasm is not WebAssembly'],
  ['half a module', tinyModule().subarray(0, 30), 'MODULE_INVALID', /^my\.wasm is not a valid WebAssembly module: /],
  [
    'a component',
    Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]),
    'MODULE_REFUSED',
    'my.wasm is a WebAssembly component (WASI preview 2); nodes run modules',
  ],
  [
    'an import that is nowhere',
    tinyModule({ imports: ['env abort', 'wasi_snapshot_preview1 fd_write'] }),
    'MODULE_REFUSED',
    'my.wasm imports what nodes do not have: env abort (function)',
  ],
  [
    'a function that WASI does not have',
    tinyModule({ imports: ['wasi_snapshot_preview1 sock_open', 'wasi:http/requests fetch'] }),
    'MODULE_REFUSED',
    'my.wasm imports what nodes do not have: wasi_snapshot_preview1 sock_open (function), wasi:http/requests fetch (function)',
  ],
  ['a library', tinyModule({ start: '_initialize' }), 'MODULE_REFUSED', 'my.wasm exports no function _start'],
  ['tables of 16 MB', tinyModule({ tables: 2, tableSize: 500_001 }), 'MODULE_REFUSED', /memories or tables/],
  [
    'a memory that threads share',
    tinyModule({ memory: { initial: 1, maximum: 2, flags: 3 } }),
    'MODULE_REFUSED',
    /memories/,
  ],
  ['no memory', tinyModule({ memory: undefined }), 'MODULE_REFUSED', 'my.wasm exports no memory memory'],
])('%s is refused with the reason', async (_, bytes, code, message) => {
  await expect(readUserModule(file(bytes))).rejects.toMatchObject({
    code,
    fault: 'user',
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    hint: expect.any(String),
  });
});

test('a file that is larger than the limit is not even read; the limit is named', async () => {
  const path = file(new Uint8Array(MAX_MODULE_BYTES + 8 * 1024 * 1024), 'big.wasm');
  await expect(readUserModule(path)).rejects.toMatchObject({
    code: 'MODULE_TOO_LARGE',
    message: 'big.wasm has 40 MB; the limit is 32 MB',
  });
  rmSync(path);
});

test('a file that is not there is named', async () => {
  await expect(readUserModule('/nowhere/x.wasm')).rejects.toMatchObject({
    code: 'MODULE_UNREADABLE',
    message: expect.stringContaining('/nowhere/x.wasm'),
  });
});
