/** The fleet view of the next networks in the same folder: the sensors of those before are no failures of them. */
import { expect, test } from 'vitest';
import { isAlive } from '../../lib/process/process-id.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

test('after `down`, and after `kill -9`, sensors are gone, and what they counted stays', {
  timeout: 120_000,
}, async ({ onTestFinished }) => {
  const sandbox = new Sandbox();
  onTestFinished(() => sandbox.close());
  const states = async () => (await sandbox.fleet().snapshot()).sensors.map(({ state }) => state).sort();
  const deploy = ['--deploy', '--interval', '0.2'];
  await sandbox.up('embedded', ['--nodes', '2', ...deploy]);
  const first = (await sandbox.fleet().summary()).total.received;
  await sandbox.run(['down']);

  await sandbox.up('embedded', ['--nodes', '1', ...deploy]);
  // Those of the first nodes have others in their place.
  const three = (state: string) => Array(3).fill(state);
  expect(await states()).toEqual([...three('gone'), ...three('live'), ...three('replaced')]);
  const second = (await sandbox.fleet().summary()).total;
  expect(second).toMatchObject({ live: 3, silent: 0 });
  expect(second.received).toBeGreaterThan(first);
  const { up, children } = sandbox.state();
  process.kill(up.pid, 'SIGKILL');
  await eventually('its services ended', () => !children.some(isAlive));

  await sandbox.up('embedded', ['--nodes', '1']);
  expect(await states()).toEqual([...three('gone'), ...three('gone'), ...three('replaced')]);
  const { total } = await sandbox.fleet().summary();
  expect(total).toMatchObject({ live: 0, silent: 0 });
  expect(total.received).toBeGreaterThanOrEqual(second.received);
});
