import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/process/self-command.js';
import { buildWasm } from '../../modules/build-modules.js';
import { testModulePath } from '../support/built-modules.js';

/** A job carries its module: a size that grows is noticed here, and raised on purpose. */
const LIMIT_BYTES = { publisher: 31_000, 'config-updater': 17_100 };

/** What modules import: a node refuses a module that imports anything that it does not offer. */
const OFFERED = [
  'wasi:http/requests.http_request',
  ...[
    ...['args_get', 'args_sizes_get', 'clock_time_get', 'environ_get', 'environ_sizes_get', 'fd_close', 'fd_read'],
    ...['fd_write', 'path_filestat_get', 'path_open', 'poll_oneoff', 'proc_exit'],
  ].map((name) => `wasi_snapshot_preview1.${name}`),
];

describe.each(['publisher', 'config-updater'] as const)('the built %s', (name) => {
  it('stays small', async () => {
    expect((await stat(await testModulePath(name))).size).toBeLessThanOrEqual(LIMIT_BYTES[name]);
  });

  it('has a name section with its name only', async () => {
    const module = await WebAssembly.compile(await readFile(await testModulePath(name)));
    const [section, ...others] = WebAssembly.Module.customSections(module, 'name');
    expect(others).toEqual([]);
    const bytes = Buffer.from(section!);
    expect([bytes[0], bytes[1], bytes[2]]).toEqual([0, name.length + 1, name.length]);
    expect(bytes.subarray(3).toString()).toBe(name);
  });

  it('imports only what every Bacalhau node offers', async () => {
    const module = await WebAssembly.compile(await readFile(await testModulePath(name)));
    const names = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`);
    expect(names.filter((one) => !OFFERED.includes(one))).toEqual([]);
  });
});

describe('buildWasm', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'build-wasm-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("shows the compiler's lines", { timeout: 120_000 }, async () => {
    const root = join(dir, 'root');
    await cp(join(packageRoot, 'wasm'), join(root, 'wasm'), { recursive: true });
    await writeFile(join(root, 'wasm/sdk/icons.ts'), 'export function icon(index: u32): u32 { return nothing; }');
    const failure = await buildWasm({ outDir: dir, root }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'COMPILE_FAILED', fault: 'user' });
    expect((failure as { details: string[] }).details.join('\n')).toMatch(/nothing[\s\S]*icons\.ts/);
  });
});
