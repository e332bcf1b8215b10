/** The fleet view of a second network in the same folder: the sensors of the first are no failures of it. */
import { expect, test } from 'vitest';
import { isAlive } from '../../lib/process/process-id.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

const deploy = ['--deploy', '--interval', '0.2'];

test.for(['down', 'kill -9'])(
  'after `%s` they are gone, and what they counted stays',
  { timeout: 60_000 },
  async (end, { onTestFinished }) => {
    const sandbox = new Sandbox();
    onTestFinished(() => sandbox.close());
    await sandbox.up('embedded', ['--nodes', '2', ...deploy]);
    const { received } = (await sandbox.fleet().summary()).total;
    const { up: own, children } = sandbox.state();
    if (end === 'down') await sandbox.run(['down']);
    else {
      process.kill(own.pid, 'SIGKILL');
      await eventually('its services ended', () => !children.some(isAlive));
    }
    await sandbox.up('embedded', ['--nodes', '1']);
    const { sensors } = await sandbox.fleet().snapshot();
    expect(sensors.map(({ state }) => state)).toEqual(Array(6).fill('gone'));
    const { total } = await sandbox.fleet().summary();
    expect(total).toMatchObject({ live: 0, silent: 0 });
    expect(total.received).toBeGreaterThanOrEqual(received);
  },
);
