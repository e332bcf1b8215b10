/** The proof of the `NetworkProvider` port: a kind of network that no other file knows works like the built-in ones. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { networkKinds } from '../../config/setting-schemas.js';
import { isAlive } from '../../lib/process/process-id.js';
import { Sandbox } from '../support/cli-harness.js';

const SOURCE = fileURLToPath(new URL('../support/toy-network.ts', import.meta.url));
const PACKAGE = new URL('../../../', import.meta.url);

/** Inside the package, so that its imports of packages are found. */
const folder = mkdtempSync(join(fileURLToPath(PACKAGE), 'dist', 'toy-'));
const module = join(folder, 'toy-network.mjs');
const sandbox = new Sandbox({ NODE_OPTIONS: `--import=${pathToFileURL(module)}`, WASM_SENSORS_NETWORK: 'toy' });

/** The network as the built program loads it: compiled, and bound to the program's own modules. */
function compileToyNetwork(): void {
  const source = readFileSync(SOURCE, 'utf8');
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
  const { outputText } = ts.transpileModule(source, { compilerOptions });
  writeFileSync(module, outputText.replaceAll("'../../", `'${new URL('dist/', PACKAGE)}`));
}

beforeAll(async () => {
  // For this process, which reads run.json.
  networkKinds.add('toy');
  compileToyNetwork();
  const up = await sandbox.run(['up', '-d', '--deploy', '--nodes', '2', ...(await Sandbox.portFlags())]);
  expect(up.stderr + up.code).toMatch(/0$/);
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
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

test('without the registration it is no kind of network', async () => {
  const { code, stderr } = await sandbox.run(['up'], { env: { NODE_OPTIONS: '' } });
  expect([code, stderr]).toEqual([2, expect.stringContaining('must be embedded, native, compose or remote')]);
});
