/** What sensors keep when they can't deliver: none of it is missing, or the ledger has the number that is. */
import { afterEach, expect, test, vi } from 'vitest';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import type { History } from '../../store/history.js';
import { Sandbox } from '../support/cli-harness.js';

const until = (isSo: () => Promise<boolean>) => vi.waitUntil(isSo, { timeout: 30_000, interval: 100 });

let sandbox: Sandbox;
afterEach(() => sandbox.close());

async function start(): Promise<void> {
  sandbox = new Sandbox();
  const args = ['up', '-d', '--network', 'embedded', '--deploy', '--interval', '0.5'];
  const { code, stderr } = await sandbox.run([...args, ...(await Sandbox.portFlags('embedded'))]);
  expect(stderr + code).toMatch(/0$/);
}

const total = async (): Promise<FleetSummary['total']> => (await sandbox.fleet().summary()).total;
const waiting = async () => (await total()).waiting;
/** The sensors of the older submission. */
const replaced = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'replaced');
const nothingIsMissing = { gaps: 0, waiting: 0, unaccounted: 0 };

test('a version that is deployed while a region is cut off waits: first the older sensors deliver what they keep', async () => {
  await start();
  await sandbox.run(['region', 'disconnect', 'eu']);
  await until(async () => (await waiting()) >= 10);
  const deployed = await sandbox.run(['deploy', 'publisher', '--interval', '0.5', '--color', '#00ff88']);
  expect(deployed.stdout).toMatch(/^pending: eu is cut off, its 1 sensor keeps up to \d+ readings$/m);
  const kept = await waiting();
  await until(async () => (await waiting()) > kept + 3);
  await sandbox.run(['region', 'reconnect', 'eu']);
  await until(async () => (await replaced()).length === 3 && (await waiting()) === 0 && (await total()).live === 3);
  await until(async () => (await total()).unaccounted === 0);
  const old = (await replaced()).find(({ region }) => region === 'eu')!;
  expect(old).toMatchObject({ ...nothingIsMissing, received: old.sequence });
  expect(old.sequence).toBeGreaterThan(10);
}, 60_000);

test('a version that is deployed while the queue hangs does so, too', async () => {
  await start();
  process.kill(sandbox.pidOf('queue'), 'SIGSTOP');
  await until(async () => (await waiting()) >= 10);
  // Its supervisor starts the queue again.
  expect((await sandbox.run(['deploy', 'publisher', '--interval', '0.5', '--color', '#00ff88'])).code).toBe(0);
  await until(async () => (await replaced()).length === 3);
  await until(async () => (await total()).unaccounted === 0);
  for (const old of await replaced()) expect(old).toMatchObject({ ...nothingIsMissing, received: old.sequence });
}, 60_000);

test('what is given up is counted: by the command that stops, in status, and after a restart of the puller', async () => {
  await start();
  await sandbox.run(['region', 'disconnect', 'eu']);
  await until(async () => (await waiting()) >= 10);
  const { stdout } = await sandbox.run(['stop', 'publisher', '--region', 'eu', '-o', 'json']);
  const { givenUp } = JSON.parse(stdout).data;
  const { unaccounted } = await total();
  expect([givenUp >= 10, unaccounted >= givenUp, unaccounted - givenUp <= 3]).toEqual([true, true, true]);
  // It is sampled every 5 s.
  const { series } = await vi.waitUntil(
    async () => {
      const found = await sandbox.json<History>(['history', 'readings.unaccounted', '--region', 'eu']);
      return found.series.some(({ points }) => points.some(({ max }) => max === unaccounted)) && found;
    },
    { timeout: 20_000, interval: 500 },
  );
  expect(series).toMatchObject([{ region: 'eu' }]);
  const puller = sandbox.pidOf('puller');
  process.kill(puller, 'SIGKILL');
  await until(async () => sandbox.state().children.some(({ name, pid }) => name === 'puller' && pid !== puller));
  await until(async () => (await total().catch(() => undefined)) !== undefined);
  expect((await total()).unaccounted).toBe(unaccounted);
  expect((await sandbox.run(['status'])).stdout).toMatch(new RegExp(`^eu .*at most ${unaccounted}`, 'm'));
}, 60_000);
