import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildImage, isStale } from './build-image.js';
import { type DockerOptions, docker } from './docker-cli.js';

const world = vi.hoisted(() => ({ root: '' }));
vi.mock('./docker-cli.js', () => ({ docker: vi.fn() }));
vi.mock('../lib/process/self-command.js', () => ({
  get packageRoot() {
    return world.root;
  },
}));
const run = vi.mocked(docker);

function write(path: string, text: string): void {
  mkdirSync(dirname(join(world.root, path)), { recursive: true });
  writeFileSync(join(world.root, path), text);
}
beforeEach(() => {
  world.root = mkdtempSync(join(tmpdir(), 'build-image-'));
  for (const path of ['bin/a.js', 'dist/lib/b.js', 'templates/Dockerfile', 'package.json', 'npm-shrinkwrap.json']) {
    write(path, path);
  }
  run.mockReset().mockImplementation(async (args) => (args[0] === 'image' ? 'sha256:abc 12345' : ''));
});
afterEach(() => rmSync(world.root, { recursive: true }));

/** The label of a build made now. */
async function build(): Promise<string> {
  await buildImage({ image: 'x', onStep: () => {} });
  return run.mock.calls.at(-2)![0][6]!.replace('wasm-sensors.build=', '');
}

test('an image is built from this folder, with its names, base and signal', async () => {
  const { signal } = new AbortController();
  const built = await buildImage({ image: 'x', alsoAs: ['y'], base: 'node', signal, onStep: () => {} });
  expect(built).toEqual({ id: 'sha256:abc', bytes: 12_345 });
  const [args, options] = run.mock.calls[0]!;
  expect(args).toEqual([
    ...['build', '--file', join(world.root, 'templates', 'Dockerfile'), '--tag', 'x', '--tag', 'y'],
    ...['--label', expect.stringMatching(/^wasm-sensors\.build=[0-9a-f]{16}$/), '--build-arg', 'BASE=node'],
    ...['--force-rm', world.root],
  ]);
  expect(options).toMatchObject({ signal, env: { BUILDKIT_PROGRESS: 'plain' } });
  expect(run.mock.calls[1]![0]).toEqual(['image', 'inspect', '--format', '{{.Id}} {{.Size}}', 'x']);
});

test('without them there is one name, and neither base nor signal', async () => {
  await buildImage({ image: 'x', onStep: () => {} });
  const [args, options] = run.mock.calls[0]!;
  expect(args).toHaveLength(9);
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

test('the label changes with every file of the image, and with nothing else', async () => {
  const first = await build();
  write('src/main.ts', 'source');
  expect(await build()).toBe(first);
  const labels = [first];
  for (const path of ['bin/a.js', 'dist/lib/b.js', 'templates/Dockerfile', 'package.json', 'npm-shrinkwrap.json']) {
    write(path, 'changed');
    labels.push(await build());
  }
  write('dist/new.js', 'x');
  labels.push(await build());
  expect(new Set(labels).size).toBe(labels.length);
});

test('an image is stale in a checkout only, when its label is that of another build', async () => {
  const label = await build();
  run.mockResolvedValue('another');
  expect(await isStale('x')).toBe(false);
  write('src/main.ts', 'source');
  expect(await isStale('x')).toBe(true);
  run.mockResolvedValue(label);
  expect(await isStale('x')).toBe(false);
  expect(run.mock.lastCall![0]).toEqual([
    'image',
    'inspect',
    '--format',
    '{{index .Config.Labels "wasm-sensors.build"}}',
    'x',
  ]);
});
