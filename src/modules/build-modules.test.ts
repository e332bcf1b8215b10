import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildWasm } from './build-modules.js';
import { modulePath } from './module-files.js';
import { withModuleName } from './wasm-sections.js';

test('a package without sources has nothing to build', async () => {
  const root = await mkdtemp(join(tmpdir(), 'no-sources-'));
  await expect(buildWasm({ outDir: root, root })).rejects.toMatchObject({ code: 'SOURCES_MISSING', fault: 'user' });
  await rm(root, { recursive: true });
});

test('a module that was not built is named, with the folder and what to do', () => {
  expect(() => modulePath('publisher', '/nowhere/')).toThrow(
    expect.objectContaining({
      code: 'MODULE_NOT_BUILT',
      message: 'publisher.wasm is not in /nowhere/',
      hint: expect.stringContaining('npm run build'),
    }),
  );
});

test('the name section replaces all other custom sections and keeps the rest', () => {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const typeSection = [1, 1, 0];
  const custom = [0, 3, 1, 0x78, 9];
  // 200 bytes: the length of a section this long takes two bytes.
  const longSection = [1, 0xc8, 1, ...new Array(200).fill(7)];
  const named = withModuleName(Uint8Array.from([...header, ...custom, ...typeSection, ...longSection]), 'ab');
  expect([...named]).toEqual([
    ...[...header, ...typeSection, ...longSection],
    ...[0, 10, 4, ...Buffer.from('name'), 0, 3, 2, 0x61, 0x62],
  ]);
});
