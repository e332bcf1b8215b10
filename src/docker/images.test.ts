import { beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import { type DockerOptions, docker } from './docker-cli.js';
import { hasImage, imageMadeAt, pullImage, pushImage } from './images.js';

vi.mock('./docker-cli.js', () => ({ docker: vi.fn() }));
const run = vi.mocked(docker);
beforeEach(() => {
  run.mockReset().mockResolvedValue('');
});
const prints = (...lines: string[]) =>
  run.mockImplementation(async (_, { onLine }: DockerOptions = {}) => {
    for (const line of lines) onLine?.(line);
    return '';
  });

test('an image is there when the engine knows it', async () => {
  run.mockResolvedValue('2026-01-31T12:00:00Z');
  expect([await hasImage('x'), await imageMadeAt('x')]).toEqual([true, '2026-01-31T12:00:00Z']);
  expect(run.mock.calls.map(([args]) => args.join(' '))).toEqual([
    ...['image inspect --format {{.Created}} x', 'image inspect --format {{.Created}} x'],
  ]);
  run.mockRejectedValue(new Error('No such image'));
  expect([await hasImage('x'), await imageMadeAt('x')]).toEqual([false, undefined]);
});

test('pull passes its signal on', async () => {
  const { signal } = new AbortController();
  await pullImage('x', 'hint');
  await pullImage('x', 'hint', signal);
  expect(run.mock.calls).toEqual([
    [['pull', '--quiet', 'x'], {}],
    [['pull', '--quiet', 'x'], { signal }],
  ]);
});

test.each([
  [new AppError('DOCKER_FAILED', 'docker pull: manifest unknown'), ['docker pull: manifest unknown']],
  [new AppError('DOCKER_FAILED', 'x', { details: ['a', 'b'] }), ['a', 'b']],
  [new Error('boom'), ['boom']],
])('a pull that fails with %s says why', async (cause, details) => {
  run.mockRejectedValue(cause);
  await expect(pullImage('x', 'choose another')).rejects.toMatchObject({
    ...{ code: 'IMAGE_MISSING', fault: 'user', hint: 'choose another', details, cause },
    message: "the image x is not on this machine and can't be pulled",
  });
});

test.each(['DOCKER_NOT_RUNNING', 'DOCKER_NOT_FOUND', 'DISK_FULL'])(
  'a pull that fails with %s says so',
  async (code) => {
    const error = new AppError(code as AppError['code'], 'x');
    run.mockRejectedValue(error);
    await expect(pullImage('x', 'hint')).rejects.toBe(error);
  },
);

test('push counts layers that are there, reports each change once, and gives the digest', async () => {
  const digest = `sha256:${'ab'.repeat(32)}`;
  prints(
    ...[
      'The push refers to repository [x]',
      'aaaaaaaaaaaa: Preparing',
      'bbbbbbbbbbbb: Waiting',
      'cccccccccccc: Preparing',
    ],
    ...['aaaaaaaaaaaa: Pushing  1 kB', 'aaaaaaaaaaaa: Pushed', 'bbbbbbbbbbbb: Layer already exists'],
    ...['cccccccccccc: Mounted from y', 'aaaaaaaaaaaa: Retrying', `1: digest: ${digest} size: 3`, 'bye'],
  );
  const seen: string[] = [];
  expect(await pushImage('x', (done, total) => seen.push(`${done}/${total}`))).toBe(digest);
  expect(seen).toEqual(['0/1', '0/2', '0/3', '1/3', '2/3', '3/3']);
});

test('a push that prints no digest has none', async () => {
  prints('1: digest: sha256:short size: 3');
  expect(await pushImage('x', () => {})).toBe('');
});
