/**
 * The proof of CONTRIBUTING's recipe for a network: in a copy of the program, a folder with a provider and a row in
 * the registry make a kind that works like the built-in ones. Nothing else of the program is changed.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isAlive } from '../../lib/process/process-id.js';
import { Sandbox } from '../support/cli-harness.js';
import { registerProvider } from '../support/register-provider.js';
import { toyProvider } from '../support/toy-network.js';

const SOURCE = fileURLToPath(new URL('../support/toy-network.ts', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));

const copy = mkdtempSync(join(tmpdir(), 'wasm-sensors-toy-'));
const sandbox = new Sandbox({ WASM_SENSORS_NETWORK: 'toy' }, join(copy, 'bin', 'wasm-sensors.js'));

function followRecipe(): void {
  for (const name of ['bin', 'src', 'scripts', 'dist/wasm', 'dist/web', 'templates', 'package.json', 'tsconfig.json']) {
    cpSync(join(PACKAGE, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(PACKAGE, 'node_modules'), join(copy, 'node_modules'));
  const network = join(copy, 'src', 'network');
  mkdirSync(join(network, 'toy'));
  cpSync(SOURCE, join(network, 'toy', 'toy-network.ts'));
  const registry = readFileSync(join(network, 'registry.ts'), 'utf8');
  const row = "toy: { summary: 'timers', load: async () => (await import('./toy/toy-network.js')).toyProvider },";
  writeFileSync(join(network, 'registry.ts'), registry.replace('\n};', `\n${row}\n};`));
  execFileSync(process.execPath, [join(copy, 'scripts', 'bundle.js')]);
}

beforeAll(async () => {
  // For this process, which reads run.json.
  registerProvider('toy', async () => toyProvider);
  followRecipe();
  const up = await sandbox.run(['up', '-d', '--deploy', '--nodes', '2', ...(await Sandbox.portFlags())]);
  expect(up.stderr + up.code).toMatch(/0$/);
});
afterAll(async () => {
  await sandbox.close();
  rmSync(copy, { recursive: true });
});

interface Status {
  network: string;
  nodes: { name: string; region: string; connected: boolean }[];
  jobs: { name: string }[];
}
const connectedIn = async (region: string) =>
  (await sandbox.json<Status>(['status'])).nodes.filter((node) => node.region === region).map((node) => node.connected);

test('`status` shows its nodes, its jobs and its sensors', async () => {
  const status = await sandbox.json<Status>(['status']);
  expect(status.network).toBe('toy');
  expect(status.nodes.map(({ name }) => name)).toEqual(['toy-north-1', 'toy-north-2', 'toy-south-1', 'toy-south-2']);
  expect(status.jobs.map(({ name }) => name)).toEqual(['publisher-north', 'publisher-south']);
  const text = await sandbox.run(['status']);
  expect(text.stdout).toMatch(/network +toy .*\n(.*\n)*.*4\/4 connected/);
});

test('`config set` resolves when its sensors have converged', async () => {
  const args = ['config', 'set', 'color=#123456'];
  expect(await sandbox.json(args)).toMatchObject({ sensors: 4, converged: 4 });
});

test('`region disconnect` and `reconnect` reach the plan inside `up`', async () => {
  expect(await sandbox.json(['region', 'disconnect', 'south'])).toMatchObject({ reached: 2, nodes: 2 });
  expect([await connectedIn('south'), await connectedIn('north')]).toEqual([
    [false, false],
    [true, true],
  ]);
  expect(await sandbox.json(['region', 'reconnect', 'south'])).toMatchObject({ reached: 2, nodes: 2 });
  expect(await connectedIn('south')).toEqual([true, true]);
});

test.each([
  [['shell'], 'the toy network has no client container'],
  [['deploy', 'puller'], "the toy network can't run service jobs"],
])('`%s`, which it does not offer, says so', async (args, message) => {
  const { code, stderr } = await sandbox.run(args);
  expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
});

test('`down` stops it, and leaves nothing', async () => {
  const { up, children, kind } = sandbox.state();
  expect(kind).toBe('toy');
  expect(await sandbox.json(['down'])).toMatchObject({ ended: [expect.stringContaining('up (pid')], kept: [] });
  expect([up, ...children].filter(isAlive)).toEqual([]);
});

test('settings and help name it', async () => {
  const wrong = await sandbox.run(['up', '--network', 'boy']);
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringMatching(/must be embedded, native, compose, remote.* or toy/),
  ]);
  expect((await sandbox.run(['up', '--help'])).stdout.replace(/\s+/g, ' ')).toMatch(
    /remote \(a Bacalhau cluster that exists already\).* or toy \(timers\)/,
  );
});
