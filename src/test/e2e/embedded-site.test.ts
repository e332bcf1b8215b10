/** Sites with relays on the embedded network: what their sensors and relays keep arrives, or is counted. */
import { afterAll, beforeAll, test } from 'vitest';
import { eventually, Sandbox } from '../support/cli-harness.js';
import { expectAccounted, hostOf, NODES_ENDED, QUEUE_AWAY } from '../support/kept-readings.js';
import { INTERVAL_S, OUTLASTS_CUT, outlastsCut } from '../support/site-suite.js';
import { Processes } from '../torture/machine/processes.js';

const sandbox = new Sandbox();
beforeAll(() => sandbox.up('embedded', ['--relays', '--deploy', '--interval', String(INTERVAL_S)]));
afterAll(() => sandbox.close());

async function killRelay(): Promise<void> {
  const pid = sandbox.pidOf('relay-eu');
  process.kill(pid, 'SIGKILL');
  await eventually('a new relay', () => sandbox.pidOf('relay-eu') !== pid);
}

test(OUTLASTS_CUT, { timeout: 300_000 }, () => outlastsCut(sandbox, killRelay, 0));

for (const row of [QUEUE_AWAY, NODES_ENDED]) {
  test(`${row.name}: what sensors kept is stored or counted`, { timeout: 240_000 }, () => {
    const victim = { sandbox, machine: new Processes(sandbox), hostOf: hostOf('embedded'), relays: true };
    return expectAccounted({ ...victim, interval: INTERVAL_S }, row);
  });
}
