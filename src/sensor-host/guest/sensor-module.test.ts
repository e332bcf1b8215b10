import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compileModule, loadModule } from './sensor-module.js';

const folder = mkdtempSync(join(tmpdir(), 'sensor-module-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EXPORTS = [
  ...['memory', '_start', 'asyncify_start_unwind', 'asyncify_stop_unwind', 'asyncify_start_rewind'],
  ...['asyncify_stop_rewind', 'asyncify_buffer_start', 'asyncify_buffer_end'],
];

/** A module with one function, `() => {}`, exported under these names. */
function wasm(names: string[]): Uint8Array {
  const entries = names.flatMap((name) => [name.length, ...Buffer.from(name), 0, 0]);
  const section = (id: number, bytes: number[]) => [id, (bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [names.length, ...entries]),
    ...section(10, [1, 2, 0, 0x0b]),
  ]);
}

test('a module with all exports is instantiated as often as asked', async () => {
  const module = await compileModule('a.wasm', wasm(EXPORTS));
  const [first, second] = [module.instantiate({}), module.instantiate({})];
  expect([module.name, Object.keys(first.exports)]).toEqual(['a.wasm', EXPORTS]);
  expect(second).not.toBe(first);
});

test.each(EXPORTS)('a module without %s is refused', async (name) => {
  const others = EXPORTS.filter((one) => one !== name);
  await expect(compileModule('foreign.wasm', wasm(others))).rejects.toMatchObject({
    code: 'MODULE_NOT_SUSPENDABLE',
    fault: 'user',
    message: `foreign.wasm can't wait in this host: it has no ${name}`,
    hint: expect.stringContaining('Asyncify'),
    details: [`missing export: ${name}`],
  });
});

test('a file that is not a module, or not there, is refused with the reason', async () => {
  const path = join(folder, 'x.wasm');
  writeFileSync(path, wasm(EXPORTS).subarray(0, 50));
  await expect(loadModule(path)).rejects.toMatchObject({
    code: 'MODULE_INVALID',
    message: expect.stringMatching(/x\.wasm is not a valid WebAssembly module: .+/),
  });
  const missing = join(folder, 'y.wasm');
  await expect(loadModule(missing)).rejects.toMatchObject({
    code: 'MODULE_UNREADABLE',
    message: expect.stringMatching(/^can't read the module .*y\.wasm: .*ENOENT/),
  });
  writeFileSync(path, wasm(EXPORTS));
  expect(await loadModule(path)).toMatchObject({ name: path });
});
