import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testModulePath } from '../test/support/built-modules.js';
import { buildWasm } from './build-modules.js';
import { withModuleName } from './wasm-sections.js';

const MODULE_LIMIT_BYTES = 27_000;

describe('the built modules', () => {
  it('stay within the size that the publisher may have', async () => {
    expect((await stat(await testModulePath('publisher'))).size).toBeLessThanOrEqual(MODULE_LIMIT_BYTES);
  });

  it.each(['publisher', 'config-updater'] as const)('%s has a name section with its name only', async (name) => {
    const module = await WebAssembly.compile(await readFile(await testModulePath(name)));
    const [section, ...others] = WebAssembly.Module.customSections(module, 'name');
    expect(others).toEqual([]);
    const bytes = Buffer.from(section!);
    expect([bytes[0], bytes[1], bytes[2]]).toEqual([0, name.length + 1, name.length]);
    expect(bytes.subarray(3).toString()).toBe(name);
  });

  it('imports only what every Bacalhau node offers', async () => {
    const module = await WebAssembly.compile(await readFile(await testModulePath('publisher')));
    const names = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`);
    expect(names.sort()).toEqual([
      'wasi:http/requests.http_request',
      ...[
        'args_get',
        'args_sizes_get',
        'clock_time_get',
        'environ_get',
        'environ_sizes_get',
        'fd_close',
        'fd_read',
        'fd_write',
        'path_filestat_get',
        'path_open',
        'poll_oneoff',
        'proc_exit',
      ].map((name) => `wasi_snapshot_preview1.${name}`),
    ]);
  });
});

describe('buildWasm', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'build-wasm-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('builds both modules, and leaves them alone while nothing changed', { timeout: 120_000 }, async () => {
    const built = await buildWasm({ outDir: dir });
    expect(built.map(({ name }) => name)).toEqual(['publisher', 'config-updater']);
    const first = await stat(built[0]!.path);
    expect(built[0]!.bytes).toBe(first.size);
    await buildWasm({ outDir: dir });
    expect((await stat(built[0]!.path)).mtimeMs).toBe(first.mtimeMs);
    await buildWasm({ outDir: dir, force: true });
    expect((await stat(built[0]!.path)).mtimeMs).toBeGreaterThan(first.mtimeMs);
  });

  it("shows the compiler's lines", { timeout: 60_000 }, async () => {
    const { cp, writeFile } = await import('node:fs/promises');
    const root = join(dir, 'root');
    await cp(join(import.meta.dirname, '../../wasm'), join(root, 'wasm'), { recursive: true });
    await writeFile(join(root, 'wasm/publisher/icons.ts'), 'export function icon(index: u32): u32 { return nothing; }');
    const failure = await buildWasm({ outDir: dir, root }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'COMPILE_FAILED', fault: 'user' });
    expect((failure as { details: string[] }).details.join('\n')).toMatch(/nothing[\s\S]*icons\.ts/);
  });

  it('says that a package without sources has nothing to build', async () => {
    await expect(buildWasm({ outDir: dir, root: dir })).rejects.toMatchObject({ code: 'SOURCES_MISSING' });
  });
});

describe('withModuleName', () => {
  it('drops other custom sections and keeps the rest', () => {
    const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const typeSection = [1, 1, 0];
    const custom = [0, 3, 1, 0x78, 9];
    const named = withModuleName(Uint8Array.from([...header, ...custom, ...typeSection]), 'ab');
    expect([...named]).toEqual([...header, ...typeSection, 0, 10, 4, ...Buffer.from('name'), 0, 3, 2, 0x61, 0x62]);
  });
});
