import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSettings } from '../config/load-settings.js';
import { identify } from '../lib/process/process-id.js';
import { writeRunState } from '../runtime/run-state.js';
import { markOfChild } from '../runtime/up-children.js';
import { findingsOf } from '../test/support/doctor-context.js';
import { openContext } from './check.js';
import { disk, findPlatformProblem, judgeDisk, judgeMemory, memory } from './checks/machine.js';
import { ports } from './checks/network.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a database without a binary for this platform is a failure that names the installation', async () => {
  const load = () => Promise.reject(new Error("Cannot find module '@photostructure/sqlite'\nRequire stack:"));
  expect(await findPlatformProblem(load)).toMatchObject([
    {
      status: 'failure',
      why: expect.stringMatching(/photostructure\/sqlite'$/),
      fix: expect.stringContaining('`npm ci`'),
    },
  ]);
});

test('a file system without a size, such as /proc, is not taken for a full disk', async () => {
  expect(await findingsOf(disk, '/proc/x')).toMatchObject([{ status: 'skipped' }]);
});

test('the disk of a state folder that is not there yet is that of the folder above', async () => {
  expect(await findingsOf(disk, folder)).toMatchObject([{ why: expect.stringMatching(/free/) }]);
});

test.each([
  [63, false, 'failure'],
  [64, false, 'warning'],
  [511, false, 'warning'],
  [512, false, 'ok'],
  [9000, true, 'failure'],
])('%i MB free, no files: %s: %s', (freeMb, noFiles, status) => {
  const [found] = judgeDisk({ folder: '/s', freeMb, noFiles });
  expect(found).toMatchObject({ status });
  if (status !== 'ok') expect(found?.fix).toMatch(/`df -h \/s`.*--state-dir/);
});

test.each([
  [300, 300, 1, 'ok', undefined],
  [299, 300, 1, 'warning', 'Stop other programs.'],
  [149, 300, 1, 'failure', 'Stop other programs.'],
  [2000, 6000, 100, 'failure', 'Stop other programs, or use fewer --nodes.'],
])('%i MB of %i MB with %i nodes: %s', (available, needed, nodes, status, fix) => {
  expect(judgeMemory(available, needed, nodes)).toEqual([
    expect.objectContaining({ status, ...(fix === undefined ? {} : { fix }) }),
  ]);
});

test('more nodes need more memory than any machine has', async () => {
  const flags = { network: 'compose', nodes: '10000' };
  expect(await findingsOf(memory, folder, flags)).toMatchObject([{ status: 'failure' }]);
});

test('a busy port that was asked for is a failure, a busy default one is in order', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const flags = { proxyPort: String(port), pullerPort: '0', queuePort: '0' };
  expect(await findingsOf(ports, folder, flags)).toEqual([
    expect.objectContaining({
      status: 'failure',
      code: 'PORT_IN_USE',
      why: expect.stringContaining(`port ${port} on 127.0.0.1 is in use`),
      // What holds it may be anybody's: no command ends it.
      fix: 'Use another one with --port, or stop the program that has it.',
    }),
  ]);
  const settings = loadSettings({ pullerPort: '0', queuePort: '0', stateDir: folder }, folder, {});
  settings.values.proxyPort = port;
  const context = await openContext(settings);
  expect(await ports(context)).toEqual([
    { status: 'ok', why: expect.stringContaining(`\`up\` takes another port instead of ${port}`) },
  ]);
  server.close();
});

test('another network of ours is named by its folder', async ({ skip }) => {
  skip(process.platform !== 'linux', 'only Linux tells');
  const code = "const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', code], { env: { ...process.env, ...markOfChild('proxy', folder) } });
  const [port] = await once(child.stdout, 'data');
  const proxy = `http://127.0.0.1:${String(port).trim()}`;
  writeRunState(folder, {
    up: identify('up', process.pid)!,
    began: 0,
    kind: 'embedded',
    phase: 'ready',
    control: proxy,
    endpoints: { proxy, puller: proxy },
    connection: {},
    settings: {},
    children: [],
  });
  try {
    const flags = { proxyPort: String(port).trim(), pullerPort: '0', queuePort: '0' };
    expect(await findingsOf(ports, folder, flags)).toMatchObject([
      {
        why: expect.stringContaining(`(the network in ${folder})`),
        fix: 'Use another one with --port, or stop that network (`wasm-sensors down` there).',
      },
    ]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('an address that this machine does not have', async () => {
  const flags = { host: '203.0.113.7', pullerPort: '0', queuePort: '0' };
  expect(await findingsOf(ports, folder, flags)).toMatchObject([
    { status: 'failure', code: 'LISTEN_FAILED', fix: expect.stringContaining('--host') },
  ]);
});
