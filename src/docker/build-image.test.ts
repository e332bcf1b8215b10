import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DockerOptions, docker } from './docker-cli.js';
import { buildImage } from './images.js';

const world = vi.hoisted(() => ({ root: '' }));
vi.mock('./docker-cli.js', () => ({ docker: vi.fn() }));
vi.mock('../lib/process/self-command.js', () => ({
  get packageRoot() {
    return world.root;
  },
}));
const run = vi.mocked(docker);

beforeEach(() => {
  world.root = mkdtempSync(join(tmpdir(), 'build-image-'));
  run.mockReset().mockImplementation(async (args) => (args[0] === 'image' ? 'sha256:abc 12345' : ''));
});
afterEach(() => rmSync(world.root, { recursive: true }));

test('an image is built from this folder, with its names, base and signal', async () => {
  const { signal } = new AbortController();
  const built = await buildImage({ image: 'x', alsoAs: ['y'], base: 'node', signal, onStep: () => {} });
  expect(built).toEqual({ id: 'sha256:abc', bytes: 12_345 });
  const [args, options] = run.mock.calls[0]!;
  expect(args).toEqual([
    ...['build', '--file', join(world.root, 'templates', 'Dockerfile'), '--tag', 'x', '--tag', 'y'],
    ...['--build-arg', 'BASE=node', '--force-rm', world.root],
  ]);
  expect(options).toMatchObject({ signal, env: { BUILDKIT_PROGRESS: 'plain' } });
  expect(run.mock.calls[1]![0]).toEqual(['image', 'inspect', '--format', '{{.Id}} {{.Size}}', 'x']);
});

test('without them there is one name, and neither base nor signal', async () => {
  await buildImage({ image: 'x', onStep: () => {} });
  const [args, options] = run.mock.calls[0]!;
  expect(args).toHaveLength(7);
  expect('signal' in options!).toBe(false);
});

test('steps of both builders are reported, cut to 70 characters', async () => {
  const lines = [
    '#7 [2/5] COPY bin bin',
    '#8 [base 1/2] FROM node',
    'Step 3/9 : RUN npm ci',
    '#9 DONE 0.1s',
    'noise',
    `#10 [3/5] RUN ${'x'.repeat(100)}`,
  ];
  run.mockImplementation(async (args, { onLine }: DockerOptions = {}) => {
    for (const line of lines) onLine?.(line);
    return args[0] === 'image' ? 'id 1' : '';
  });
  const steps: string[] = [];
  await buildImage({ image: 'x', onStep: (step) => steps.push(step) });
  expect(steps).toEqual(['2/5 COPY bin bin', 'base 1/2 FROM node', '3/9 : RUN npm ci', `3/5 RUN ${'x'.repeat(62)}`]);
});
