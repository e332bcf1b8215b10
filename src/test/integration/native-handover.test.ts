/** Deployments on real Bacalhau nodes, which end what they replace at once: nothing that sensors keep is lost all the same. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DeployResult } from '../../operations/deploy/deploy-publisher.js';
import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

const missing = bacalhauMissing();
const sandbox = new Sandbox();

beforeAll(async () => {
  if (missing !== undefined) return;
  const args = ['up', '-d', '--deploy', '--interval', '0.5', '--network', 'native'];
  const { code, stderr } = await sandbox.run([...args, ...(await Sandbox.portFlags('native'))], { timeoutMs: 120_000 });
  expect(stderr + code).toMatch(/0$/);
}, 150_000);
beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});
afterAll(() => sandbox.close());

const total = async () => (await sandbox.fleet().summary()).total;
const deploy = (...args: string[]) => sandbox.json<DeployResult>(['deploy', 'publisher', '--interval', '0.5', ...args]);
const replaced = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'replaced');

test('a deployment while the queue hangs replaces nothing before all that is kept is stored', {
  timeout: 120_000,
}, async () => {
  process.kill(sandbox.pidOf('queue'), 'SIGSTOP');
  await eventually('kept readings', async () => (await total()).waiting >= 10);
  // Its supervisor starts the queue again.
  expect(await deploy('--color', '#00ff88')).toMatchObject({ unaccounted: 0 });
  const before = await replaced();
  expect(before).toHaveLength(3);
  for (const { received, sequence } of before) expect([received, sequence > 10]).toEqual([sequence, true]);
});

test('one while a region is cut waits; on reconnection what was kept comes first', { timeout: 180_000 }, async () => {
  await sandbox.json(['region', 'disconnect', 'eu']);
  await eventually('kept readings', async () => (await total()).waiting >= 10);
  const { regions } = await deploy('--color', '#ff0000');
  const [eu] = regions.filter(({ region }) => region === 'eu');
  expect([eu!.expected, eu!.pending, eu!.kept!.sensors, eu!.kept!.readings >= 10]).toEqual([0, 1, 1, true]);
  await sandbox.json(['region', 'reconnect', 'eu']);
  const live = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'live');
  await eventually('the new version', async () => (await live()).every(({ color }) => color === '#ff0000'), 90_000);
  const [old] = (await replaced()).filter(({ region }) => region === 'eu').slice(-1);
  expect([old!.received, old!.gaps]).toEqual([old!.sequence, 0]);
});

test('--undo brings the version before back', { timeout: 120_000 }, async () => {
  await sandbox.json(['deploy', 'publisher', '--undo']);
  const { sensors } = await sandbox.fleet().snapshot();
  expect(new Set(sensors.flatMap(({ state, color }) => (state === 'live' ? [color] : [])))).toEqual(
    new Set(['#00ff88']),
  );
});
