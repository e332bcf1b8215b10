/** Turns failures of `docker` into errors with a hint. */
import { AppError } from '../lib/errors/app-error.js';
import { type KnownFailure, knownError, lastLinesOf } from '../lib/errors/known-failures.js';

/** Texts of Docker 20.10 to 29 and Compose 2; the first match counts. */
const KNOWN: KnownFailure[] = [
  {
    when: /permission denied while trying to connect to the Docker (?:daemon|API)/i,
    code: 'DOCKER_DENIED',
    message: 'this user has no access to Docker',
    hint: 'Add yourself to the group `docker` (and log in again), or see https://docs.docker.com/engine/install/linux-postinstall/.',
  },
  {
    when: /Cannot connect to the Docker daemon(?: at (\S+?))?[.\s]|docker daemon running|failed to connect to the docker API|error during connect/i,
    code: 'DOCKER_NOT_RUNNING',
    message: 'Docker is installed, but its engine does not answer',
    hint: 'Start Docker Desktop, or the service (`sudo systemctl start docker`).',
  },
  {
    when: /\bcompose\b. is not a docker command|unknown command: docker compose|unknown shorthand flag: 'p' in -p/,
    code: 'COMPOSE_MISSING',
    message: 'this Docker has no `docker compose`',
    hint: 'Install the compose plugin, version 2 (https://docs.docker.com/compose/install/).',
  },
  {
    when: /no space left on device/i,
    code: 'DISK_FULL',
    message: "the disk of Docker's engine is full",
    hint: '`docker system df` shows what takes the space; `docker system prune` frees what is not in use.',
  },
  {
    when: /(?:[\d.]+:(\d+):? (?:failed: )?(?:port is already allocated|bind: address already in use)|Ports are not available[^\n]*:(\d+)|Bind for [\d.]+:(\d+) failed)/,
    code: 'PORT_IN_USE',
    message: 'port $1 is in use',
    hint: 'Another program took it in the meantime. Run the command again to get another port.',
  },
  {
    when: /Pool overlaps with other one|invalid pool request/i,
    code: 'SUBNET_IN_USE',
    message: 'another network on this machine uses the addresses of the backbone network',
    hint: 'Set BACKBONE to the first three numbers of a free /24 network, such as BACKBONE=10.214.90.',
  },
  {
    when: /unable to apply caps|(?:privileged|capabilities)[^\n]*(?:not permitted|not allowed)/i,
    code: 'PRIVILEGED_DENIED',
    message: 'Docker does not run privileged containers here',
    hint: 'Use an engine that does; rootless engines and engines in containers often do not.',
  },
  {
    when: /server gave HTTP response to HTTPS client/,
    code: 'REGISTRY_NOT_TLS',
    message: 'the registry speaks plain HTTP, which Docker accepts on loopback only',
    hint: "Use a registry with TLS, or list this one under `insecure-registries` in the engine's settings.",
  },
  {
    when: /connect: connection refused|dial tcp[^\n]*(?:refused|i\/o timeout|no such host)/,
    code: 'REGISTRY_UNREACHABLE',
    message: 'the registry does not answer',
    hint: 'Check its name and the network. `wasm-sensors up --network compose --registry` runs one on this machine.',
  },
  {
    when: /incorrect username or password|unauthorized|authentication required|no basic auth credentials|not logged in/i,
    code: 'NOT_LOGGED_IN',
    message: 'the registry needs a login',
    hint: 'Run `docker login` for it first, such as `docker login ghcr.io --username USER`; the password is a token with the scope write:packages.',
  },
  {
    when: /denied: ([^\n]*)/,
    code: 'PUSH_DENIED',
    message: 'the registry refuses the push: $1',
    hint: 'The token needs the scope write:packages, and the user write access to this organization. Log in with `docker login`, or use another --registry.',
  },
];

/** Here the output has more details, such as which disk or address. */
const WITH_OUTPUT = ['PORT_IN_USE', 'DISK_FULL', 'REGISTRY_UNREACHABLE', 'SUBNET_IN_USE'];

/**
 * The error for a failed call.
 *
 * @param command such as `compose`
 * @param output everything that it printed
 */
export function dockerFailure(command: string, output: string, cause?: unknown): AppError {
  const details = (code: string) => (WITH_OUTPUT.includes(code) ? lastLinesOf(output, 1) : []);
  const known = knownError(KNOWN, output, { cause, details });
  if (known) return known;
  const lines = lastLinesOf(output, 10);
  return new AppError('DOCKER_FAILED', `docker ${command}: ${lines.at(-1) ?? 'failed without a message'}`, {
    cause,
    details: lines.slice(0, -1),
  });
}
