/** Programs stand in for `bacalhau` and `docker`: for failures that those of this machine do not have. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { identify } from '../lib/process/process-id.js';
import { writeRunState } from '../runtime/run-state.js';
import { Box } from '../test/support/box.js';
import { findingsOf } from '../test/support/doctor-context.js';
import { FakeBacalhau } from '../test/support/fake-bacalhau.js';
import type { Part } from './check.js';
import { networkSettings } from './checks/network.js';
import { bacalhauProgram, cluster, docker } from './checks/programs.js';

let box: Box;
let before: string;
beforeEach(() => {
  box = new Box();
  before = process.cwd();
  // Compose takes its variables from `.env` of the working folder.
  process.chdir(box.folder);
  for (const [name, value] of Object.entries(box.env)) vi.stubEnv(name, value);
  for (const name of ['DOCKER_HOST', 'BACALHAU_BIN', 'BACALHAU_API_HOST']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  process.chdir(before);
  vi.unstubAllEnvs();
  box.close();
});

const REMOTE = { network: 'remote', apiHost: '10.0.0.5' };
const look = (part: Part, flags: Record<string, unknown>) => findingsOf(part, box.folder, flags);
const NOT_NEEDED = [{ status: 'skipped', why: 'the embedded network needs none' }];

test('the embedded network needs neither Bacalhau nor Docker', async () => {
  for (const part of [bacalhauProgram, cluster, docker]) expect(await look(part, {})).toEqual(NOT_NEEDED);
});

test('settings that are not complete are a failure of their own, and what needs them is skipped', async () => {
  expect(await look(networkSettings, { network: 'remote' })).toMatchObject([
    { status: 'failure', code: 'NO_API_HOST', fix: expect.stringContaining('--api-host') },
  ]);
  const skipped = [{ status: 'skipped', why: 'the settings of the network are not complete' }];
  expect(await look(bacalhauProgram, { network: 'remote' })).toEqual(skipped);
  expect(await look(networkSettings, REMOTE)).toMatchObject([{ status: 'ok' }]);
});

test('no bacalhau, one that is too old, and a good one', async () => {
  expect(await look(bacalhauProgram, { network: 'native' })).toMatchObject([
    { status: 'failure', code: 'BACALHAU_NOT_FOUND', fix: expect.stringContaining('--bacalhau') },
  ]);
  const bacalhau = new FakeBacalhau(box);
  bacalhau.version('v1.6.2');
  expect(await look(bacalhauProgram, { network: 'native' })).toMatchObject([
    { status: 'failure', code: 'BACALHAU_TOO_OLD', fix: expect.stringContaining('Update it') },
  ]);
  bacalhau.version('v1.9.3');
  expect(await look(bacalhauProgram, { network: 'native' })).toEqual([
    { status: 'ok', why: `v1.9.3 at ${bacalhau.path}` },
  ]);
});

test.each([
  ['dial tcp 10.0.0.5:1234: connection refused', 'BACALHAU_API_UNREACHABLE', '--api-host'],
  ['Error: Unauthorized', 'BACALHAU_API_DENIED', '--api-token-file'],
  ['Client sent an HTTP request to an HTTPS server', 'BACALHAU_API_TLS', '--api-tls'],
  ["invalid character '<' looking for beginning of value", 'BACALHAU_API_OTHER', '--api-port'],
])('an API that says %j', async (text, code, fix) => {
  const bacalhau = new FakeBacalhau(box);
  bacalhau.fails(text);
  // Its first call prepares its folder, which asks no API.
  expect(await look(cluster, REMOTE)).toMatchObject([{ status: 'failure', code, fix: expect.stringContaining(fix) }]);
});

test('a cluster is named with its version', async () => {
  new FakeBacalhau(box);
  expect(await look(cluster, REMOTE)).toEqual([{ status: 'ok', why: 'v1.9.3 answers at http://10.0.0.5:1234' }]);
});

test('a TMPDIR that is not there is a failure that names it', async () => {
  new FakeBacalhau(box);
  vi.stubEnv('TMPDIR', join(box.folder, 'nowhere'));
  for (const part of [bacalhauProgram, cluster]) {
    expect(await look(part, REMOTE)).toMatchObject([
      { status: 'failure', why: expect.stringContaining('nowhere'), fix: expect.stringContaining('Set TMPDIR') },
    ]);
  }
});

const COMPOSE = { network: 'compose' };
const ENGINE = 'case "$*" in version*) echo 27.0.1 ;; *compose*version*) echo 2.39.4 ;;';

test('no docker, and its engine does not answer', async () => {
  expect(await look(docker, COMPOSE)).toMatchObject([{ status: 'failure', code: 'DOCKER_NOT_FOUND' }]);
  box.program(
    'docker',
    'echo "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2; exit 1',
  );
  expect(await look(docker, COMPOSE)).toMatchObject([
    { status: 'failure', code: 'DOCKER_NOT_RUNNING', fix: expect.stringContaining('systemctl start docker') },
  ]);
});

test('rights, the plugin and a project of somebody else', async () => {
  box.program('docker', 'echo "permission denied while trying to connect to the Docker daemon socket" >&2; exit 1');
  expect(await look(docker, COMPOSE)).toMatchObject([
    { status: 'failure', code: 'DOCKER_DENIED', fix: expect.stringContaining('group `docker`') },
  ]);
  const engine = { status: 'ok', why: 'engine 27.0.1' };
  const rest = `ps*) ;; esac`;
  box.program(
    'docker',
    `case "$*" in version*) echo 27.0.1 ;; ps* | volume*) ;; *) echo "docker: 'compose' is not a docker command." >&2; exit 1 ;; esac`,
  );
  expect(await look(docker, COMPOSE)).toMatchObject([
    engine,
    { status: 'failure', code: 'COMPOSE_MISSING', fix: expect.stringContaining('plugin') },
  ]);
  box.program('docker', `case "$*" in version*) echo 27.0.1 ;; compose*version*) echo 2.18.0 ;; ${rest}`);
  expect(await look(docker, COMPOSE)).toMatchObject([engine, { status: 'failure', code: 'COMPOSE_TOO_OLD' }]);
  const container = {
    Name: '/x',
    RestartCount: 0,
    Config: { Labels: { 'wasm-sensors.state-dir': '/other' } },
    State: { Status: 'running', ExitCode: 0, StartedAt: '' },
    NetworkSettings: {},
  };
  box.program('docker', `${ENGINE} ps*) echo c1 ;; inspect*) echo '${JSON.stringify([container])}' ;; esac`);
  expect(await look(docker, COMPOSE)).toMatchObject([
    engine,
    { status: 'ok', why: 'Compose 2.39.4' },
    { status: 'failure', code: 'PROJECT_IN_USE', why: expect.stringContaining('/other') },
  ]);
  box.program('docker', `${ENGINE} ps*) ;; volume*) echo 'bacalhau-edge_queue-data /gone' ;; esac`);
  expect((await look(docker, COMPOSE)).at(-1)).toMatchObject({
    status: 'failure',
    code: 'PROJECT_IN_USE',
    why: expect.stringContaining('data'),
    fix: expect.stringContaining('down --volumes --state-dir /gone'),
  });
});

test('another network that runs in this folder is in the way', async () => {
  const endpoints = { proxy: 'http://127.0.0.1:1', puller: 'http://127.0.0.1:1' };
  writeRunState(box.stateDir, {
    up: identify('up', process.pid)!,
    began: 1,
    kind: 'embedded',
    phase: 'ready',
    control: 'http://127.0.0.1:1',
    endpoints,
    connection: {},
    settings: {},
    children: [],
  });
  expect(await look(networkSettings, {})).toMatchObject([{ status: 'ok' }]);
  expect(await look(networkSettings, { network: 'native' })).toMatchObject([
    { status: 'ok' },
    { status: 'warning', why: expect.stringContaining('the embedded network runs in this folder') },
  ]);
});

test('placeholders in .env are a failure of the settings, and doctor makes no file', async () => {
  expect(await look(networkSettings, COMPOSE)).toMatchObject([{ status: 'ok' }]);
  expect(() => rmSync(join(box.folder, '.env'))).toThrow('ENOENT');
  box.write('.env', 'AWS_ACCESS_KEY_ID=<your key>\n');
  expect(await look(networkSettings, COMPOSE)).toMatchObject([{ status: 'failure', code: 'PLACEHOLDER' }]);
});
