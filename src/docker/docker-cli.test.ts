import { execa } from 'execa';
import { beforeEach, expect, test, vi } from 'vitest';
import { docker, requireCompose, requireEngine } from './docker-cli.js';

// No program runs here; what they print is given.
vi.mock('execa', () => ({ execa: vi.fn() }));
const run = vi.mocked(execa as unknown as (program: string, args: string[], options: object) => unknown);

interface Answer {
  exitCode?: number;
  stdout?: string;
  all?: string;
  code?: string;
  timedOut?: boolean;
  originalMessage?: string;
}
/** What each call answers, by its words; anything else fails with "unexpected". */
function answers(table: Record<string, Answer>, pid: number | undefined = 7, lines: string[] = []) {
  run.mockImplementation((program, args) => {
    const {
      stdout = '',
      exitCode = 0,
      ...more
    } = table[[program, ...args].join(' ')] ?? { exitCode: 1, all: 'unexpected' };
    const iterable = async function* () {
      yield* lines;
    };
    return Object.assign(Promise.resolve({ stdout, exitCode, ...more }), { pid, iterable });
  });
}
beforeEach(() => {
  run.mockReset();
});
const optionsOf = (index = 0) => run.mock.calls[index]![2] as Record<string, unknown>;

test('standard output is the result, and a command has the time that it needs', async () => {
  answers({ 'docker ps': { stdout: 'a\nb' } });
  expect(await docker(['ps'])).toBe('a\nb');
  expect(optionsOf()).toEqual({
    ...{
      stdin: 'ignore',
      all: true,
      reject: false,
      detached: false,
      maxBuffer: 256 * 1024 * 1024,
      env: {},
      timeout: 0,
    },
  });
});

test('options are passed on', async () => {
  answers({ 'docker ps': {} });
  const { signal } = new AbortController();
  const env = { A: '1', B: undefined };
  await docker(['ps'], { env, timeoutMs: 5, signal, apart: () => () => {} });
  expect(optionsOf()).toMatchObject({ env, timeout: 5, cancelSignal: signal, detached: true });
});

test('every line is given as it comes', async () => {
  answers({ 'docker build': {} }, 7, ['one', 'two']);
  const lines: string[] = [];
  await docker(['build'], { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(['one', 'two']);
});

test('a command that runs apart is announced with its pid, and given back at its end', async () => {
  const seen: unknown[] = [];
  const apart = (pid: number) => {
    seen.push(pid);
    return () => seen.push('exited');
  };
  answers({ 'docker ps': {} });
  await docker(['ps'], { apart });
  expect(seen).toEqual([7, 'exited']);
  answers({ 'docker ps': { exitCode: 1, all: 'broken' } });
  await expect(docker(['ps'], { apart })).rejects.toThrow('broken');
  expect(seen).toEqual([7, 'exited', 7, 'exited']);
});

test('a callback that fails is reported once the command has exited', async () => {
  answers({ 'docker ps': {} });
  const apart = () => {
    throw new Error('the disk is full');
  };
  await expect(docker(['ps'], { apart })).rejects.toThrow('the disk is full');
});

test.each<[Answer, string, string]>([
  [{ exitCode: 1, code: 'ENOENT' }, 'DOCKER_NOT_FOUND', 'docker is not on the PATH'],
  [{ exitCode: 1, timedOut: true }, 'DOCKER_FAILED', 'docker compose: no answer within 1.5 s'],
  [{ exitCode: 1, timedOut: true, all: 'half' }, 'DOCKER_FAILED', 'docker compose: no answer within 1.5 s'],
  [{ exitCode: 1, all: 'the moon is wrong' }, 'DOCKER_FAILED', 'docker compose: the moon is wrong'],
  [{ exitCode: 1, all: '', originalMessage: 'spawn EACCES' }, 'DOCKER_FAILED', 'docker compose: spawn EACCES'],
  [{ exitCode: 1, all: 'no space left on device' }, 'DISK_FULL', "the disk of Docker's engine is full"],
])('%j is %s', async (answer, code, message) => {
  const args = ['compose', '-p', 'x', '-f', 'y', '--progress', 'plain', '--profile', 'z', 'up', '--detach'];
  answers({ [['docker', ...args].join(' ')]: answer });
  await expect(docker(args, { timeoutMs: 1500 })).rejects.toMatchObject({ code, message });
});

const ENGINE = 'docker version --format {{.Server.Version}}';
const COMPOSE = 'docker compose version --short';

test('an engine must answer', async () => {
  answers({ [ENGINE]: { stdout: '28.0.1' } });
  await requireEngine();
  expect(optionsOf()).toMatchObject({ timeout: 15_000 });
  answers({ [ENGINE]: { exitCode: 1, all: 'error during connect: x' }, [COMPOSE]: { stdout: '2.30.0' } });
  await expect(requireEngine()).rejects.toMatchObject({ code: 'DOCKER_NOT_RUNNING' });
});

test.each([
  ['1.29.2', false],
  ['2.18.9', false],
  ['v2.5.0', false],
  ['2.19.0', true],
  ['2.20', true],
  ['v2.39.4', true],
  ['3.0.0', true],
  ['5.0.1-desktop.1', true],
  ['dev', true],
])('compose %s is new enough: %s', async (version, enough) => {
  answers({ [ENGINE]: { stdout: '28' }, [COMPOSE]: { stdout: version } });
  const checked = requireCompose().then(
    () => undefined,
    ({ code, message }) => [code, message],
  );
  const message = `docker compose is version ${version}; 2.19 or newer is needed`;
  expect(await checked).toEqual(enough ? undefined : ['COMPOSE_TOO_OLD', message]);
});

test.each<[Answer, string, RegExp]>([
  [{ exitCode: 1, all: "'compose' is not a docker command" }, 'COMPOSE_MISSING', /^this Docker has no/],
  [{ exitCode: 1, all: 'no space left on device' }, 'DISK_FULL', /full/],
])('compose that fails with %j is %s', async (compose, code, message) => {
  answers({ [ENGINE]: { stdout: '28' }, [COMPOSE]: compose });
  await expect(requireCompose()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});
