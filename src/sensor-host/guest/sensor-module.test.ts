import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ASYNCIFY_EXPORTS } from '../../modules/user-module.js';
import { tinyModule } from '../../test/support/tiny-module.js';
import { loadModule, type SensorModule } from './sensor-module.js';

const folder = mkdtempSync(join(tmpdir(), 'sensor-module-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'a.wasm');
const load = (bytes: Uint8Array) => {
  writeFileSync(path, bytes);
  return loadModule(path);
};

test('a module with Asyncify is instantiated as often as asked', async () => {
  const module = (await load(tinyModule({ exports: ASYNCIFY_EXPORTS }))) as SensorModule;
  const [first, second] = [module.instantiate({}), module.instantiate({})];
  expect([module.name, Object.keys(first.exports)]).toEqual([path, ['memory', '_start', ...ASYNCIFY_EXPORTS]]);
  expect(second).not.toBe(first);
});

test('a memory with fixed pages has them from the beginning, and does not grow', async () => {
  await load(tinyModule({ exports: ASYNCIFY_EXPORTS }));
  const { memory } = ((await loadModule(path, 4)) as SensorModule).instantiate({}).exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('it exports no memory');
  expect(memory.buffer.byteLength).toBe(4 * 65_536);
  expect(() => memory.grow(1)).toThrow(RangeError);
});

test.each(ASYNCIFY_EXPORTS)('a module without %s gets a thread', async (name) => {
  const exports = ASYNCIFY_EXPORTS.filter((one) => one !== name);
  expect(await load(tinyModule({ exports }))).toEqual({
    name: path,
    compiled: expect.any(WebAssembly.Module),
  });
});

test('what is not a module is refused', async () => {
  await expect(load(Buffer.from('nonsense'))).rejects.toMatchObject({ code: 'MODULE_INVALID' });
});

test('a module is loaded from a file; without the file the error names it', async () => {
  expect((await load(tinyModule({ exports: ASYNCIFY_EXPORTS }))).name).toBe(path);
  await expect(loadModule(join(folder, 'b.wasm'))).rejects.toMatchObject({
    code: 'MODULE_UNREADABLE',
    message: expect.stringContaining(join(folder, 'b.wasm')),
  });
});
