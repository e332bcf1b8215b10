/** What sensors keep when they can't deliver: none of it is missing, or the ledger has the number that is. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { modulePath } from '../../modules/module-files.js';
import type { DeployResult } from '../../operations/deploy/deploy-publisher.js';
import type { History } from '../../store/history.js';
import { Sandbox } from '../support/cli-harness.js';
import { tinyModule } from '../support/tiny-module.js';

const until = (isSo: () => Promise<boolean>) => vi.waitUntil(isSo, { timeout: 45_000, interval: 100 });

/** One system for all: each test counts from where the one before has left it. */
const sandbox = new Sandbox();
beforeAll(() => sandbox.up('embedded', ['--deploy', '--interval', '0.4']));
afterAll(() => sandbox.close());

const sensorsNow = async () => (await sandbox.fleet().snapshot()).sensors;
const idsOf = (sensors: { execution_id: string }[]) => new Set(sensors.map(({ execution_id: id }) => id));

/** Three new sensors of these arguments; all numbers are from then on. */
async function begin(...args: string[]) {
  const { regions } = await sandbox.fleet().summary();
  for (const { region, cut } of regions) if (cut) await sandbox.run(['region', 'reconnect', region]);
  expect(await sandbox.run(['deploy', 'publisher', ...args])).toMatchObject({ code: 0 });
  const summary = async () => (await sandbox.fleet().summary()).total;
  await until(async () => (await summary()).live === 3 && (await summary()).waiting === 0);
  const before = { ...(await summary()), ids: idsOf((await sensorsNow()).filter(({ state }) => state === 'replaced')) };
  const total = async () => {
    const { live, waiting, gaps, duplicates, unaccounted } = await summary();
    return {
      ...{ live, waiting, gaps: gaps - before.gaps, duplicates: duplicates - before.duplicates },
      unaccounted: unaccounted - before.unaccounted,
    };
  };
  const waiting = async () => (await summary()).waiting;
  /** Sensors that were replaced since. */
  const replaced = async () =>
    (await sensorsNow()).filter(({ state, execution_id: id }) => state === 'replaced' && !before.ids.has(id));
  return { total, waiting, replaced };
}

const nothingIsMissing = { gaps: 0, waiting: 0, unaccounted: 0 };

test('a version that is deployed while a region is cut off waits: first the older sensors deliver what they keep', async () => {
  const { total, waiting, replaced } = await begin('--interval', '0.4');
  await sandbox.run(['region', 'disconnect', 'eu']);
  await until(async () => (await waiting()) >= 10);
  const deployed = await sandbox.run(['deploy', 'publisher', '--interval', '0.4', '--color', '#00ff88']);
  expect(deployed.stdout).toMatch(/^pending: eu is cut off, its 1 sensor keeps up to \d+ readings$/m);
  const kept = await waiting();
  await until(async () => (await waiting()) > kept + 3);
  await sandbox.run(['region', 'reconnect', 'eu']);
  await until(async () => (await replaced()).length === 3 && (await waiting()) === 0 && (await total()).live === 3);
  await until(async () => (await total()).unaccounted === 0);
  const old = (await replaced()).find(({ region }) => region === 'eu')!;
  expect(old).toMatchObject({ ...nothingIsMissing, received: old.sequence });
  expect(old.sequence).toBeGreaterThan(10);
}, 120_000);

test('modules of one’s own that are built on our library wait, and deliver first, too', async () => {
  const own = ['--module', modulePath('publisher'), '--interval', '0.4'];
  const { total, waiting, replaced } = await begin(...own);
  await sandbox.run(['region', 'disconnect', 'eu']);
  await until(async () => (await waiting()) >= 10);
  const { regions } = await sandbox.json<DeployResult>(['deploy', 'publisher', ...own, '--color', '#00ff88']);
  expect(regions.find(({ region }) => region === 'eu')).toMatchObject({ pending: 1, kept: { sensors: 1 } });
  await sandbox.run(['region', 'reconnect', 'eu']);
  await until(async () => (await replaced()).length === 3 && (await total()).live === 3);
  await until(async () => (await total()).unaccounted === 0);
  for (const old of await replaced()) expect(old).toMatchObject({ ...nothingIsMissing, received: old.sequence });
}, 120_000);

test('a version is deployed only when the sensors have delivered what they keep, where the queue hangs', async () => {
  const { waiting, replaced } = await begin('--interval', '0.4');
  process.kill(sandbox.pidOf('queue'), 'SIGSTOP');
  await until(async () => (await waiting()) >= 10);
  const impatient = await sandbox.run(['deploy', 'publisher', '--color', '#ff0000', '--timeout', '1']);
  expect(impatient).toMatchObject({ code: 1, stderr: expect.stringMatching(/READINGS_KEPT|do not deliver/) });
  // Its supervisor starts the queue again.
  const { code, stdout } = await sandbox.run(['deploy', 'publisher', '--interval', '0.4', '--color', '#00ff88']);
  expect(stdout + code).toMatch(/^3\/3 sensors reporting .*\n0$/);
  expect(await replaced()).toHaveLength(3);
  for (const old of await replaced()) expect(old).toMatchObject({ ...nothingIsMissing, received: old.sequence });
}, 120_000);

test('a deployment ends when the last readings of the sensors before are stored; nothing is missing, nothing comes twice', async () => {
  const { total, replaced } = await begin('--interval', '0.1');
  for (const color of ['#00ff88', '#ff0000', '#0000ff']) {
    const { unaccounted } = await sandbox.json<DeployResult>([
      'deploy',
      'publisher',
      '--interval',
      '0.1',
      '--color',
      color,
    ]);
    const { gaps, duplicates, ...rest } = await total();
    expect([unaccounted, rest.unaccounted, gaps, duplicates]).toEqual([0, 0, 0, 0]);
  }
  const before = new Set((await replaced()).map(({ execution_id: id }) => id));
  expect(before.size).toBe(9);
  for (const { received, sequence } of await replaced()) expect(received).toBe(sequence);
}, 120_000);

test('--now says how many readings it gives up, and what is given up is counted', async () => {
  const { total, waiting, replaced } = await begin('--interval', '0.5');
  await sandbox.run(['region', 'disconnect', 'eu']);
  await until(async () => (await waiting()) >= 10);
  const { code, stderr } = await sandbox.run(['deploy', 'publisher', '--now', '--color', '#00ff88']);
  const [, given] = /^1 sensor keeps up to (\d+) readings, which are given up$/m.exec(stderr) ?? [];
  expect([code, Number(given) >= 10]).toEqual([0, true]);
  await sandbox.run(['region', 'reconnect', 'eu']);
  await until(async () => (await replaced()).length === 3);
  const { unaccounted } = await total();
  expect([unaccounted >= Number(given), unaccounted - Number(given) <= 5]).toEqual([true, true]);
}, 120_000);

test('a version that traps leaves the one before running; --undo brings the one before back', async () => {
  await begin('--interval', '0.4');
  const live = async () => (await sensorsNow()).filter(({ state }) => state === 'live');
  const before = (await live()).map(({ execution_id: id }) => id);
  const module = join(sandbox.dir, 'bad.wasm');
  writeFileSync(module, tinyModule({ imports: ['wasi:http/requests http_request'], code: [0] }));
  const failed = await sandbox.run(['deploy', 'publisher', '--module', module, '--timeout', '8']);
  expect([failed.code, failed.stderr]).toMatchObject([1, expect.stringMatching(/run on where no new one reports/)]);
  expect((await live()).map(({ execution_id: id }) => id)).toEqual(before);
  expect((await sandbox.run(['deploy', 'publisher', '--color', '#00ff88', '--interval', '0.4'])).code).toBe(0);
  expect((await sandbox.run(['status'])).stdout).toMatch(
    /^publisher +--color #00ff88 --interval 0.4 since .*; before: --interval 0.4 \(deploy publisher --undo\)$/m,
  );
  expect((await sandbox.run(['deploy', 'publisher', '--undo'])).code).toBe(0);
  const reported = async () => (await live()).map(({ config }) => [config?.sources?.color, config?.intervalMs]);
  expect(await reported()).toEqual(Array(3).fill(['default', 400]));
  expect((await sandbox.run(['status'])).stdout).toMatch(/^publisher .*; before: --color #00ff88 /m);
}, 120_000);

test('a version that waits for its region is there after a restart of the host', async () => {
  const { total, waiting } = await begin('--interval', '0.4');
  await sandbox.run(['region', 'disconnect', 'eu']);
  await until(async () => (await waiting()) >= 5);
  await sandbox.run(['deploy', 'publisher', '--color', '#00ff88', '--interval', '0.4']);
  expect((await sandbox.run(['status'])).stdout).toMatch(/publisher-eu v\d+ running, 1 node with the one before/);
  process.kill(sandbox.pidOf('sensors'), 'SIGKILL');
  await until(async () => {
    await sandbox.run(['region', 'reconnect', 'eu']);
    const { sensors } = await sandbox.fleet().snapshot();
    return sensors.filter(({ state, color }) => state === 'live' && color === '#00ff88').length === 3;
  });
  // What the killed host's sensor kept is gone, and counted.
  await until(async () => (await total()).unaccounted >= 5);
}, 120_000);

test('what is given up is counted: by the command that stops, in status, and after a restart of the puller', async () => {
  const { waiting } = await begin('--interval', '0.5');
  const ofEu = async () => {
    const { regions } = await sandbox.fleet().summary();
    return regions.find(({ region }) => region === 'eu')!.unaccounted;
  };
  const before = await ofEu();
  await sandbox.run(['region', 'disconnect', 'eu']);
  await until(async () => (await waiting()) >= 10);
  const { stdout } = await sandbox.run(['stop', 'publisher', '--region', 'eu', '-o', 'json']);
  const { givenUp } = JSON.parse(stdout).data;
  const unaccounted = await ofEu();
  const counted = unaccounted - before;
  expect([givenUp >= 10, counted >= givenUp, counted - givenUp <= 3]).toEqual([true, true, true]);
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
  await until(async () => (await ofEu().catch(() => undefined)) !== undefined);
  expect(await ofEu()).toBe(unaccounted);
  expect((await sandbox.run(['status'])).stdout).toMatch(new RegExp(`^eu .*at most ${unaccounted}`, 'm'));
}, 120_000);
