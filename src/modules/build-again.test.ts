/** When our own modules are compiled, and when they are left alone. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildWasm } from './build-modules.js';
import { compileAssemblyScript } from './compile.js';

/** Of no sections. */
const MODULE = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
vi.mock('./compile.js', async (original) => ({
  ...(await original<typeof import('./compile.js')>()),
  compileAssemblyScript: vi.fn(async (...[, , , { built }]: Parameters<typeof compileAssemblyScript>) => {
    await writeFile(built, MODULE);
    return [];
  }),
}));

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'build-again-'));
  await mkdir(join(root, 'wasm/publisher'), { recursive: true });
  await writeFile(join(root, 'wasm/publisher/index.ts'), '// first');
});
afterAll(() => rm(root, { recursive: true }));

test('modules are left alone while nothing changed, and built anew when a source did, or when asked to', async () => {
  const outDir = join(root, 'out');
  const built = async (force?: boolean) => {
    vi.mocked(compileAssemblyScript).mockClear();
    const modules = await buildWasm({ root, outDir, ...(force === undefined ? {} : { force }) });
    expect(modules).toMatchObject(
      ['publisher', 'config-updater'].map((name) => ({ name, path: join(outDir, `${name}.wasm`) })),
    );
    return vi.mocked(compileAssemblyScript).mock.calls.map(([, [entry]]) => entry);
  };
  const both = ['wasm/publisher/index.ts', 'wasm/config-updater/index.ts'];
  expect(await built()).toEqual(both);
  expect(await built()).toEqual([]);
  expect(await built(true)).toEqual(both);
  await writeFile(join(root, 'wasm/publisher/index.ts'), '// second');
  expect(await built()).toEqual(both);
  await rm(join(outDir, 'config-updater.wasm'));
  expect(await built()).toEqual(both);
});
