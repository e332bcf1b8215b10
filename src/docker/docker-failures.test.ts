import { expect, test } from 'vitest';
import { dockerFailure } from './docker-failures.js';

// What Docker says, and what the operator reads.
test.each<[string, string, 'user' | 'system', string]>([
  [
    'permission denied while trying to connect to the Docker daemon socket',
    'DOCKER_DENIED',
    'user',
    'this user has no access to Docker',
  ],
  [
    'permission denied while trying to connect to the docker API at unix:///x',
    'DOCKER_DENIED',
    'user',
    'this user has no access to Docker',
  ],
  [
    'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?',
    'DOCKER_NOT_RUNNING',
    'system',
    'Docker is installed, but its engine does not answer',
  ],
  [
    'failed to connect to the docker API at unix:///x',
    'DOCKER_NOT_RUNNING',
    'system',
    'Docker is installed, but its engine does not answer',
  ],
  [
    'error during connect: Get "http://x"',
    'DOCKER_NOT_RUNNING',
    'system',
    'Docker is installed, but its engine does not answer',
  ],
  ["docker: 'compose' is not a docker command.", 'COMPOSE_MISSING', 'user', 'this Docker has no `docker compose`'],
  ["unknown shorthand flag: 'p' in -p", 'COMPOSE_MISSING', 'user', 'this Docker has no `docker compose`'],
  ['write /x: no space left on device', 'DISK_FULL', 'system', "the disk of Docker's engine is full"],
  ['Bind for 127.0.0.1:9090 failed: port is already allocated', 'PORT_IN_USE', 'user', 'port 9090 is in use'],
  ['listen tcp4 0.0.0.0:4222: bind: address already in use', 'PORT_IN_USE', 'user', 'port 4222 is in use'],
  ['127.0.0.1:80: failed: port is already allocated', 'PORT_IN_USE', 'user', 'port 80 is in use'],
  ['Ports are not available: exposing port TCP 0.0.0.0:8438 -> x', 'PORT_IN_USE', 'user', 'port 8438 is in use'],
  [
    'Pool overlaps with other one on this address space',
    'SUBNET_IN_USE',
    'user',
    'another network on this machine uses the addresses of the backbone network',
  ],
  [
    'unable to apply caps: operation not permitted',
    'PRIVILEGED_DENIED',
    'system',
    'Docker does not run privileged containers here',
  ],
  [
    'Error: privileged mode is not allowed',
    'PRIVILEGED_DENIED',
    'system',
    'Docker does not run privileged containers here',
  ],
  [
    'http: server gave HTTP response to HTTPS client',
    'REGISTRY_NOT_TLS',
    'user',
    'the registry speaks plain HTTP, which Docker accepts on loopback only',
  ],
  [
    'dial tcp 127.0.0.1:5999: connect: connection refused',
    'REGISTRY_UNREACHABLE',
    'system',
    'the registry does not answer',
  ],
  ['dial tcp: lookup x: no such host', 'REGISTRY_UNREACHABLE', 'system', 'the registry does not answer'],
  ['unauthorized: incorrect username or password', 'NOT_LOGGED_IN', 'user', 'the registry needs a login'],
  ['unauthorized: authentication required', 'NOT_LOGGED_IN', 'user', 'the registry needs a login'],
  ['no basic auth credentials', 'NOT_LOGGED_IN', 'user', 'the registry needs a login'],
  [
    'denied: permission_denied: write_package',
    'PUSH_DENIED',
    'user',
    'the registry refuses the push: permission_denied: write_package',
  ],
])('%j is %s', (output, code, fault, message) => {
  const error = dockerFailure('push', `first line\n${output}\n`);
  expect(error).toMatchObject({ code, fault, exitCode: 1, message, hint: expect.stringMatching(/./) });
});

test.each([
  ['no space left on device', true],
  ['Bind for 127.0.0.1:9090 failed', true],
  ['dial tcp 1.2.3.4:5: i/o timeout', true],
  ['Pool overlaps with other one', true],
  ['unauthorized', false],
])('the line %j is shown as a detail: %s', (output, shown) => {
  expect(dockerFailure('push', `first line\n${output}\n\n`).details).toEqual(shown ? [output] : []);
});

test('an unknown failure keeps its own words: the last line, and those before it as details', () => {
  const cause = new Error('exit code 1');
  const lines = Array.from({ length: 12 }, (_, i) => `line ${i}`);
  expect(dockerFailure('compose up', lines.join('\n'), cause)).toMatchObject({
    ...{ code: 'DOCKER_FAILED', fault: 'system', message: 'docker compose up: line 11', cause },
    details: lines.slice(2, 11),
  });
  expect(dockerFailure('ps', '\n').message).toBe('docker ps: failed without a message');
});
