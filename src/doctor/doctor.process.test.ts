/** The real program in environments that are broken on purpose. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Box } from '../test/support/box.js';
import { type CliResult, spawnCli } from '../test/support/cli.js';
import { eventually } from '../test/support/cli-harness.js';
import { RefusingQueue } from '../test/support/refusing-queue.js';
import { serveOnLoopback } from '../test/support/serve-on-loopback.js';
import { canMount, fillDisk, NEEDS_MOUNT } from '../test/support/small-disk.js';

let box: Box;
const ends: (() => unknown)[] = [];

beforeEach(() => {
  box = new Box();
});
afterEach(async () => {
  await spawnCli(['down'], box).ended;
  for (const end of ends.splice(0).reverse()) await end();
  box.close();
});

const PORTS = ['--port', '0', '--puller-port', '0', '--queue-port', '0'];
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'hidden-secret', AWS_REGION: 'eu-west-1' };

const run = (args: string[], env: Record<string, string> = {}): Promise<CliResult> =>
  spawnCli(args, { folder: box.folder, env: { ...box.env, ...env } }).ended;

interface Found {
  check: string;
  status: string;
  code?: string;
  why: string;
  fix?: string;
}

/** Exit code, and what is not in order. */
async function doctor(args: string[], env: Record<string, string> = {}) {
  const { code, stdout } = await run(['doctor', '-o', 'json', ...PORTS, ...args], env);
  const { checks, repairs } = (JSON.parse(stdout) as { data: { checks: Found[]; repairs: { done: string }[] } }).data;
  const problems = checks.filter(({ status }) => status === 'warning' || status === 'failure');
  return { code, problems, checks, repairs: repairs.map(({ done }) => done) };
}

test('a machine with nothing but Node is enough, and looking leaves nothing behind', async () => {
  expect(await doctor([])).toMatchObject({ code: 0, problems: [] });
  expect(readdirSync(box.folder)).toEqual([]);
  const native = await doctor(['--network', 'native']);
  expect(native).toMatchObject({ code: 1, problems: [{ check: 'Bacalhau', code: 'BACALHAU_NOT_FOUND' }] });
  const compose = await doctor(['--network', 'compose']);
  expect(compose.code).toBe(1);
  expect(compose.problems.find(({ check }) => check === 'Docker')).toMatchObject({ code: 'DOCKER_NOT_FOUND' });
  expect(readdirSync(box.folder)).toEqual([]);
});

test('a port that is taken', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => server.close());
  const { port } = server.address() as { port: number };
  expect(await doctor(['--port', String(port)])).toMatchObject({
    code: 1,
    problems: [{ check: 'network', code: 'PORT_IN_USE', fix: expect.stringContaining('--port') }],
  });
});

test('a broken state folder is mended by --fix as far as that is safe', async () => {
  mkdirSync(box.stateDir, { mode: 0o755 });
  for (const name of ['run.json', 'desired.json']) writeFileSync(join(box.stateDir, name), '{');
  writeFileSync(join(box.stateDir, 'token'), 'secret', { mode: 0o644 });
  const before = await doctor([]);
  expect(before.problems.map(({ check, status }) => `${check} ${status}`)).toEqual([
    ...['state folder warning', 'state folder failure', 'state folder failure', 'state folder warning'],
  ]);
  const after = await doctor(['--fix']);
  expect(after.repairs).toEqual([
    `closed ${box.stateDir} to other users`,
    `moved run.json to ${join(box.stateDir, 'run.json.damaged')}`,
    `closed ${join(box.stateDir, 'token')} to other users`,
  ]);
  expect(after).toMatchObject({ code: 1, problems: [{ code: 'STATE_UNREADABLE' }] });
  expect(statSync(box.stateDir).mode & 0o777).toBe(0o700);
});

test('a full disk', async ({ skip }) => {
  skip(!canMount(), NEEDS_MOUNT);
  const small = join(box.folder, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
  ends.push(() => execFileSync('umount', [small]));
  fillDisk(join(small, 'filler'));
  expect(await doctor(['--state-dir', join(small, 'state')])).toMatchObject({
    code: 1,
    problems: [{ check: 'machine', why: expect.stringContaining('0 MB free'), fix: expect.stringContaining(small) }],
  });
});

test('an `up` that runs is in order', async () => {
  const up = spawnCli(['up', ...PORTS], box);
  await up.says('no sensors yet');
  expect(await doctor([])).toMatchObject({ code: 0, problems: [] });
});

test('`up` names what is missing of the queue before it starts anything', async () => {
  const queue = await RefusingQueue.start();
  ends.push(() => queue.close());
  queue.denied = { SendMessageBatch: 'AccessDenied' };
  const args = ['up', '--deploy', ...PORTS, '--queue', queue.queueUrl];
  const without = await run(args);
  expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('Could not load credentials') });
  const denied = await run(args, KEYS);
  expect(denied).toMatchObject({ code: 1, stderr: expect.stringContaining('AWS refuses sqs:SendMessage') });
  expect(denied.stderr).toContain('"Resource": "arn:aws:sqs:eu-west-1:123456789012:readings"');
  const detached = await run([...args, '-d', '-o', 'ndjson'], KEYS);
  expect(JSON.parse(detached.stdout)).toMatchObject({ error: { code: 'QUEUE_DENIED' } });
  expect(denied.stderr + detached.stdout).not.toContain('hidden-secret');
  expect(existsSync(box.stateDir)).toBe(false);
});

test('`up` runs with a queue that allows everything', async () => {
  const queue = await serveOnLoopback({ path: ':memory:' });
  ends.push(() => queue.close());
  const create = { method: 'POST', headers: { 'x-amz-target': 'AmazonSQS.CreateQueue' }, body: '{"QueueName":"q"}' };
  await fetch(queue.url, create);
  const args = ['up', '-d', '--deploy', ...PORTS, '--queue', `${queue.url}/000000000000/q`];
  const up = await run(args, KEYS);
  expect(up).toMatchObject({ code: 0, stderr: expect.stringContaining('no dead-letter queue') });
  const { code, problems } = await doctor([], KEYS);
  expect({ code, problems }).toMatchObject({ code: 0, problems: [{ check: 'queue' }] });
  await eventually('readings in the queue', async () => (queue.server.stats().requests.SendMessageBatch ?? 0) > 1);
});
