/** The tarball that `npm publish` would send, installed as users do, on each Node that is supported. */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { freePortFlags } from '../../bench/bench-cli.js';
import { eventually, Running } from '../support/cli-harness.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The oldest and the newest that is supported; npx runs it on that which runs this. */
const OTHERS = [20, 24].filter((major) => !process.version.startsWith(`v${major}.`));
/** On a busy machine; 10 s otherwise. */
const SLOW = 300_000;
/** A few packages, and for a sensor its compiler of 100 MB. */
const INSTALLING = 160_000;
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1'];

const folder = mkdtempSync(join(tmpdir(), 'wasm-sensors-packed-'));
/** Settings of the one who runs the tests must not decide what they see. */
const ENV = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(WASM_SENSORS|SQS|AWS|SENSOR|npm_lifecycle|npm_package)/.test(name),
  ),
);
const execute = promisify(execFile);
const run = (
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number } = {},
) => execute(command, args, { env: ENV, timeout: 80_000, cwd: folder, ...options });

let tarball = '';
let up: Running | undefined;
/** Why nothing can be installed here. */
let unreachable: string | undefined;

beforeAll(async () => {
  try {
    await run('npm', ['view', 'wasm-sensors-registry-check', 'version', ...QUIET]);
  } catch (error) {
    // A registry that answers knows no such package.
    if (!/E404/.test(String(error))) unreachable = 'the npm registry is not reachable';
  }
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
});
afterAll(async () => {
  await interrupt();
  rmSync(folder, { recursive: true, force: true });
});

test('the package has what runs and what is read, and nothing else', async () => {
  const { stdout } = await run('tar', ['-tzf', tarball]);
  const files = stdout.split('\n').map((path) => path.replace('package/', ''));
  const wanted = ['README.md', 'LICENSE', 'bin/wasm-sensors.js', 'dist/cli/main.js', 'dist/wasm/publisher.wasm'];
  expect(files).toEqual(expect.arrayContaining([...wanted, 'docs/cli.md', 'templates/Dockerfile']));
  // What `init` and `build wasm` need.
  expect(files).toEqual(expect.arrayContaining(['wasm/sdk/index.ts', 'templates/sensors/assemblyscript/gitignore']));
  expect(files.filter((path) => /^src|\.test\.|^docs\/pictures|^dist\/(bench|test)/.test(path))).toEqual([]);
});

/** Installed once, by the npm that runs here: nothing in the package is compiled for one Node. */
const prefix = join(folder, 'global');
const installed = join(prefix, 'bin/wasm-sensors');

test('npm install -g', { timeout: SLOW }, async (context) => {
  skipWhenUnreachable(context);
  await run('npm', ['install', '-g', '--prefix', prefix, tarball, ...QUIET], { timeout: INSTALLING });
});

test.for(OTHERS)('up --deploy to the first readings, on Node %i', { timeout: SLOW }, async (major, context) => {
  await firstReadings([installed], await withNode(major, context));
});

test('a sensor of one’s own is built with what its folder asks for', { timeout: SLOW }, (context) => {
  skipWhenUnreachable(context);
  return buildsOwnSensor(installed, ENV);
});

test('npx with the tarball, and up --deploy to the first readings', { timeout: SLOW }, async (context) => {
  skipWhenUnreachable(context);
  // npx leaves what it installs in the cache: this one is removed with the folder.
  const cache = join(folder, 'cache');
  mkdirSync(cache);
  const { stdout } = await run('npm', ['config', 'get', 'cache']);
  symlinkSync(join(stdout.trim(), '_cacache'), join(cache, '_cacache'));
  await firstReadings(['npx', '--yes', '--cache', cache, '--package', tarball, 'wasm-sensors'], ENV);
});

/** `up --deploy` until all three sensors have reported; then Ctrl-C. */
async function firstReadings([command = '', ...words]: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const cwd = mkdtempSync(join(folder, 'run-'));
  const args = [...words, 'up', '--deploy', ...(await freePortFlags())];
  // In a process group of its own, which gets Ctrl-C as that of a terminal does.
  up = new Running(spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }));
  const all = () => `${up?.stdout}${up?.stderr}`;
  try {
    const seen = () => [/3\/3 sensors reporting/, /edge-eu-1 .*#1$/m].every((text) => text.test(all()));
    await eventually('the first readings', seen, 120_000);
  } catch (error) {
    throw new Error(`${error}\n${all()}`);
  } finally {
    await interrupt();
  }
}

/** `init` and `build wasm` with nothing but the package, and what the sensor's folder asks for. */
async function buildsOwnSensor(command: string, env: NodeJS.ProcessEnv): Promise<void> {
  const cwd = mkdtempSync(join(folder, 'own-'));
  await run(command, ['init', 'my-sensor'], { cwd, env });
  await expect(run(command, ['build', 'wasm', 'my-sensor'], { cwd, env })).rejects.toThrow('npm install');
  await run('npm', ['install', '--prefix', 'my-sensor', ...QUIET], { cwd, env, timeout: INSTALLING });
  await run(command, ['build', 'wasm', 'my-sensor'], { cwd, env });
  expect(readdirSync(cwd).sort()).toEqual(['my-sensor', 'my-sensor.wasm']);
}

/** Presses Ctrl-C, and waits until the whole group is gone: npx may end before what it runs. */
async function interrupt(): Promise<void> {
  const pid = up?.child.pid;
  up = undefined;
  if (pid === undefined) return;
  const signal = (name: NodeJS.Signals | 0) => {
    try {
      return process.kill(-pid, name);
    } catch {
      return false;
    }
  };
  signal('SIGINT');
  await eventually('everything has ended', () => !signal(0), 30_000);
}

/** An environment in which `node` has this major version, from npm. */
async function withNode(major: number, context: TestContext): Promise<NodeJS.ProcessEnv> {
  skipWhenUnreachable(context);
  const bin = join(folder, `node-${major}`);
  mkdirSync(bin);
  try {
    const name = `node-${process.platform}-${process.arch}`;
    await run('npm', ['pack', `${name}@${major}`, ...QUIET], { cwd: bin });
  } catch {
    context.skip(`npm has no Node ${major} for ${process.platform} on ${process.arch}`);
  }
  await run('tar', ['-xzf', readdirSync(bin)[0]!, '--strip-components=2', 'package/bin/node'], { cwd: bin });
  const env = { ...ENV, PATH: [bin, ENV.PATH].join(delimiter) };
  const { stdout } = await run('node', ['--version'], { env });
  expect(stdout).toMatch(new RegExp(`^v${major}\\.`));
  return env;
}

function skipWhenUnreachable(context: TestContext): void {
  if (unreachable !== undefined) context.skip(unreachable);
}
