/** A site without internet, driven through the CLI: what its relay keeps arrives, whatever happens meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { SensorView } from '../../fleet/fleet-view.js';
import { eventually, type Sandbox } from './cli-harness.js';

/** Seconds between readings. */
export const INTERVAL_S = 0.5;
/** An image may have to be built first. */
export const START_MS = 120_000;
/** How long a site has no internet, beside the time that Bacalhau takes to notice. */
const CUT_MS = 6000;
/** Of three sensors that Bacalhau has replaced. */
export const MAX_UNACCOUNTED = 6;

/** The name of the test that {@link outlastsCut} is. */
export const OUTLASTS_CUT =
  'sensors run on without internet; replaced, and with their relay killed, none of their readings is missing';

/**
 * @param sandbox its network has relays, and sensors with an interval of {@link INTERVAL_S}
 * @param killRelay kills that of eu (SIGKILL), and resolves when it runs again
 * @param mostUnaccounted Bacalhau ends an execution at any moment, so that the bound may count a reading that nobody took
 */
export async function outlastsCut(
  sandbox: Sandbox,
  killRelay: () => Promise<void>,
  mostUnaccounted: number,
): Promise<void> {
  const ofEu = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ region }) => region === 'eu');
  const isWhole = ({ received, sequence }: SensorView) => received === sequence;
  const sending = (await ofEu()).find(({ state }) => state === 'live')!;
  const sameSensor = async () => (await ofEu()).find(({ execution_id }) => execution_id === sending.execution_id)!;
  await sandbox.run(['region', 'disconnect', 'eu']);
  const before = await sameSensor();
  await sleep(CUT_MS);
  expect(await sameSensor()).toMatchObject({ sequence: before.sequence });
  await killRelay();
  const deploy = ['deploy', 'publisher', '--color', '#00ff88', '--interval', String(INTERVAL_S)];
  const deployed = await sandbox.run(deploy);
  expect(deployed.stderr + deployed.code).toMatch(/0$/);
  await sandbox.run(['region', 'reconnect', 'eu']);
  await eventually(
    'the new version in eu, and every reading of the old one',
    async () => {
      const sensors = await ofEu();
      const isNew = ({ state, color }: SensorView) => state === 'live' && color === '#00ff88';
      if (sensors.some(isNew) && sensors.every(isWhole)) return true;
      throw new Error(sensors.map((one) => `${one.state} ${one.color} ${one.received}/${one.sequence}`).join());
    },
    150_000,
  );
  const old = await sameSensor();
  expect(old.sequence - before.sequence).toBeGreaterThan(CUT_MS / 1000 / INTERVAL_S - 3);
  await eventually('no reading waiting or given up', async () => {
    const { gaps, waiting, unaccounted } = (await sandbox.fleet().summary()).total;
    return gaps === 0 && waiting === 0 && unaccounted <= mostUnaccounted;
  });
  const { rows } = await sandbox.json<{ rows: Record<'n' | 'last' | 'different', number>[] }>([
    'query',
    'select count(*) as n, max(sequence) as last, count(distinct sequence) as different from readings group by execution_id',
  ]);
  for (const { n, last, different } of rows) expect([n, different]).toEqual([last, last]);
}
