/** `kill -9` of the services under load, in turns: KILL_ROUNDS times each (2 unless it is set). */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GAP_GRACE_MS } from '../../fleet/ledger.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 2);
const NODES = 100;
const sandbox = new Sandbox();

beforeAll(async () => {
  const args = ['up', '-d', '--deploy', '--nodes', String(NODES), '--interval', '0.3'];
  const { code, stderr } = await sandbox.run([...args, ...(await Sandbox.portFlags())]);
  expect(stderr + code).toMatch(/0$/);
});
afterAll(() => sandbox.close());

test(
  `each service is killed ${ROUNDS} times at 1,000 readings/s: every reading arrives`,
  async () => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const child of ['proxy', 'puller', 'queue']) {
        const pid = sandbox.pidOf(child);
        process.kill(pid, 'SIGKILL');
        await eventually(`a new ${child}`, () => sandbox.pidOf(child) !== pid);
        // At another moment of its work each time.
        await sleep(300 + Math.random() * 700);
      }
    }
    // What is missing now and still is after the grace time of the fleet view, was lost.
    await sleep(GAP_GRACE_MS + 1000);
    await eventually('no gap', async () => (await sandbox.fleet().summary()).total.gaps === 0, 60_000);
    // A sensor that was refused waits for some seconds before it tries again.
    await eventually('every sensor sends', async () => {
      const { live, silent } = (await sandbox.fleet().summary()).total;
      return live === 3 * NODES && silent === 0;
    });
  },
  90_000 + ROUNDS * 30_000,
);
