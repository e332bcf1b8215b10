/** What a missing or troubled Docker looks like to the operator, with a stand-in for `docker` on the PATH. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorOf, standIns } from '../test/support/stand-in.js';
import { containerLogs, containersOf } from './containers.js';
import { docker, requireCompose, requireEngine } from './docker-cli.js';
import { pullImage, pushImage } from './images.js';

const programs = standIns();
const standIn = (name: string, script: string) => programs.add(name, script);
const fails = (message: string) => standIn('docker', `echo '${message}' >&2; exit 1`);

test('no docker at all', async () => {
  expect(await errorOf(requireEngine())).toMatchObject({
    code: 'DOCKER_NOT_FOUND',
    fault: 'user',
    hint: expect.stringContaining('docs.docker.com'),
  });
});

test.each([
  [
    'DOCKER_NOT_RUNNING',
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
  ],
  [
    'DOCKER_NOT_RUNNING',
    'failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory',
  ],
  ['DOCKER_DENIED', 'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock'],
  [
    'DOCKER_DENIED',
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: connect: permission denied',
  ],
])('%s when the engine is out of reach', async (code, message) => {
  fails(message);
  expect(await errorOf(requireEngine())).toMatchObject({ code });
});

test.each([
  ['2.18.1', 'COMPOSE_TOO_OLD'],
  ['v2.5.0', 'COMPOSE_TOO_OLD'],
  ['2.19.0', undefined],
  ['v2.39.4', undefined],
  ['5.0.1-desktop.1', undefined],
  ['dev', undefined],
])('compose %s: %s', async (version, code) => {
  standIn('docker', `case "$1" in version) echo 28.0.1;; *) echo ${version};; esac`);
  const found = await requireCompose().then(
    () => undefined,
    (error) => error.code,
  );
  expect(found).toBe(code);
});

test.each([
  [
    'PORT_IN_USE',
    'port 9090 is in use',
    'Error response from daemon: driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:9090 failed: port is already allocated',
  ],
  [
    'PORT_IN_USE',
    'port 4222 is in use',
    'Error starting userland proxy: listen tcp4 127.0.0.1:4222: bind: address already in use',
  ],
  [
    'DISK_FULL',
    "the disk of Docker's engine is full",
    'failed to register layer: write /usr/lib/x: no space left on device',
  ],
  [
    'SUBNET_IN_USE',
    'another network on this machine uses the addresses of the backbone network',
    'failed to create network: Error response from daemon: Pool overlaps with other one on this address space',
  ],
])('%s: %s', async (code, text, message) => {
  fails(message);
  const error = await errorOf(docker(['compose', '-p', 'x', '-f', 'y', 'up']));
  expect([error.code, error.message]).toEqual([code, text]);
});

test('a failure that nobody foresaw keeps its own words', async () => {
  fails('Error response from daemon: the moon is wrong');
  const error = await errorOf(docker(['compose', '-p', 'x', '-f', 'y', '--progress', 'plain', 'up', '--detach']));
  expect(error.message).toBe('docker compose: Error response from daemon: the moon is wrong');
});

test('a command is waited for, also when its caller fails at hearing that it has begun', async () => {
  standIn('docker', `sleep 0.3; echo done > ${programs.folder}/done`);
  process.env.PATH += ':/bin:/usr/bin';
  const apart = () => {
    throw new Error('the disk is full');
  };
  expect((await errorOf(docker(['compose', 'up'], { apart }))).message).toBe('the disk is full');
  expect(existsSync(join(programs.folder, 'done'))).toBe(true);
});

test('an image that is not here and cannot be pulled is named, with the reason', async () => {
  fails('Error response from daemon: manifest for ghcr.io/x/y:v9 not found: manifest unknown');
  const error = await errorOf(pullImage('ghcr.io/x/y:v9', 'choose another version'));
  expect(error).toMatchObject({ code: 'IMAGE_MISSING', hint: 'choose another version' });
  expect(error.message).toBe("the image ghcr.io/x/y:v9 is not on this machine and can't be pulled");
  expect(error.details.join()).toContain('manifest unknown');
});

test.each([
  ['NOT_LOGGED_IN', 'unauthorized: unauthenticated: User cannot be authenticated with the token provided.'],
  ['PUSH_DENIED', 'denied: permission_denied: write_package'],
  ['REGISTRY_UNREACHABLE', 'Get "http://localhost:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused'],
])('push: %s', async (code, message) => {
  fails(message);
  expect(await errorOf(pushImage('x', () => {}))).toMatchObject({ code });
});

test('push counts layers, and gives the digest', async () => {
  const digest = `sha256:${'ab'.repeat(32)}`;
  standIn(
    'docker',
    `echo 'aaaaaaaaaaaa: Preparing'; echo 'bbbbbbbbbbbb: Preparing'; echo 'aaaaaaaaaaaa: Pushed'
     echo 'bbbbbbbbbbbb: Layer already exists'; echo '1: digest: ${digest} size: 3'`,
  );
  const seen: string[] = [];
  expect(await pushImage('x', (done, total) => seen.push(`${done}/${total}`))).toBe(digest);
  expect(seen.at(-1)).toBe('2/2');
});

test.each([['WARNING: this is a wrapper'], ['[{"Name":"x"}]']])(
  'a `docker inspect` that prints %s is an error that shows it, no bug',
  async (text) => {
    standIn('docker', `case "$1" in ps) echo abc;; *) echo '${text}';; esac`);
    const error = await errorOf(containersOf({ project: 'p' }));
    expect(error).toMatchObject({ code: 'DOCKER_OUTPUT', fault: 'system', details: [text] });
  },
);

// The log ended there, without a word.
test('why Compose gives no more lines is the last line', async () => {
  standIn(
    'docker',
    `case "$1" in ps) ;; *) echo 'p-a-1  | 2026-11-26T06:00:00.000Z one'; echo 'the moon is wrong' >&2; exit 1;; esac`,
  );
  const lines: string[][] = [];
  for await (const { service, line } of containerLogs('p', {})) lines.push([service, line]);
  expect(lines).toEqual([
    ['p-a-1', 'one'],
    ['docker', 'error: docker compose logs: the moon is wrong'],
  ]);
});
