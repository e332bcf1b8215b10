/** Deployments on real Bacalhau nodes, which end what they replace at once, and may come late: nothing that sensors keep is lost. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readToken } from '../../lib/net/bearer-token.js';
import { findBacalhau } from '../../network/bacalhau/find-bacalhau.js';
import { nativeConnectionSchema } from '../../network/native/native-network.js';
import type { DeployResult } from '../../operations/deploy/deploy-publisher.js';
import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { eventually, nothingMissing, Sandbox } from '../support/cli-harness.js';

const missing = bacalhauMissing();

const start = (sandbox: Sandbox, ...more: string[]) =>
  sandbox.up('native', ['--deploy', '--interval', '0.5', ...more], { timeoutMs: 80_000 });

const step = (name: string, body: () => Promise<void>) =>
  test(name, { timeout: 180_000 }, async (context) => {
    if (missing !== undefined) context.skip(missing);
    await body();
  });

describe('a deployment', () => {
  const sandbox = new Sandbox();
  beforeAll(async () => {
    if (missing === undefined) await start(sandbox);
  }, 180_000);
  afterAll(() => sandbox.close());

  const total = async () => (await sandbox.fleet().summary()).total;
  const deploy = (...args: string[]) =>
    sandbox.json<DeployResult>(['deploy', 'publisher', '--interval', '0.5', ...args]);
  const replaced = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'replaced');

  step('while the queue hangs replaces nothing before all that is kept is stored', async () => {
    process.kill(sandbox.pidOf('queue'), 'SIGSTOP');
    await eventually('kept readings', async () => (await total()).waiting >= 10);
    // Its supervisor starts the queue again.
    expect(await deploy('--color', '#00ff88')).toMatchObject({ unaccounted: 0 });
    const before = await replaced();
    expect(before).toHaveLength(3);
    for (const { received, sequence } of before) expect([received, sequence > 10]).toEqual([sequence, true]);
  });

  step('while a region is cut waits; on reconnection what was kept comes first', async () => {
    const cut = async () => (await sandbox.fleet().summary()).regions.flatMap((one) => (one.cut ? [one.region] : []));
    const newest = async (wanted: string) => {
      const { sensors } = await sandbox.fleet().snapshot();
      return sensors.find(({ region, state }) => region === wanted && state !== 'replaced')!.sequence;
    };
    expect(await sandbox.json(['region', 'disconnect', 'eu'])).toMatchObject({ reached: 1, nodes: 1 });
    expect(await cut()).toEqual(['eu']);
    const [eu, us] = [await newest('eu'), await newest('us')];
    await eventually('us going on', async () => (await newest('us')) > us + 6);
    expect(await newest('eu')).toBe(eu);
    await eventually('kept readings', async () => (await total()).waiting >= 10);
    const { regions } = await deploy('--color', '#ff0000');
    const waits = regions.find(({ region }) => region === 'eu')!;
    expect([waits.expected, waits.pending, waits.kept!.sensors, waits.kept!.readings >= 10]).toEqual([0, 1, 1, true]);
    expect(await sandbox.json(['region', 'reconnect', 'eu'])).toMatchObject({ reached: 1, nodes: 1 });
    expect(await cut()).toEqual([]);
    const live = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'live');
    await eventually('the new version', async () => (await live()).every(({ color }) => color === '#ff0000'), 90_000);
    const [old] = (await replaced()).filter(({ region }) => region === 'eu').slice(-1);
    expect([old!.received, old!.gaps]).toEqual([old!.sequence, 0]);
  });

  step('--undo brings the version before back', async () => {
    await sandbox.json(['deploy', 'publisher', '--undo']);
    const { sensors } = await sandbox.fleet().snapshot();
    expect(new Set(sensors.flatMap(({ state, color }) => (state === 'live' ? [color] : [])))).toEqual(
      new Set(['#00ff88']),
    );
  });
});

describe('sites with relays', () => {
  const sandbox = new Sandbox();
  afterAll(() => sandbox.close());

  step('`up --deploy` is ready without the only node of a region, which gets its sensor when it comes', async () => {
    const program = join(sandbox.dir, 'slow-bacalhau');
    const slow = `case "$*" in *edge-eu-1*) while [ ! -f '${sandbox.dir}/go' ]; do sleep 0.2; done ;; esac`;
    const real = findBacalhau(process.env.BACALHAU_BIN);
    writeFileSync(program, `#!/bin/sh\n${slow}\nexec '${real}' "$@"\n`, { mode: 0o755 });
    expect(await start(sandbox, '--relays', '--bacalhau', program)).toMatch(/edge-eu-1 is not connected yet/);
    const { nodes } = await sandbox.json<{ nodes: { name: string; connected: boolean }[] }>(['status']);
    expect(nodes.find(({ name }) => name === 'edge-eu-1')).toMatchObject({ connected: false });
    expect((await sandbox.fleet().summary()).total.live).toBe(2);
    writeFileSync(join(sandbox.dir, 'go'), '');
    await eventually('the third sensor', async () => (await sandbox.fleet().summary()).total.live === 3, 90_000);
  });

  // What follows where Bacalhau replaces its executions meanwhile, and the relay is killed, `compose-system` shows.
  step('sensors of a site without internet send on to their relay, which delivers all of it', async () => {
    const { relayUrls } = nativeConnectionSchema.parse(sandbox.state().connection);
    const authorization = `Bearer ${readToken(join(sandbox.stateDir, 'token'))}`;
    const taken = async () => {
      const answer = await fetch(`${relayUrls.eu}/stats`, { headers: { authorization } });
      return ((await answer.json()) as { accepted: number }).accepted;
    };
    const ofEu = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ region }) => region === 'eu');
    const { execution_id: id } = (await ofEu())[0]!;
    const newest = async () => (await ofEu()).find(({ execution_id }) => execution_id === id)!.sequence;
    expect(await sandbox.json(['region', 'disconnect', 'eu'])).toMatchObject({ reached: 1, nodes: 1 });
    const [before, from] = [await newest(), await taken()];
    await eventually('readings at the relay', async () => (await taken()) >= from + 10);
    expect(await newest()).toBe(before);
    expect(await sandbox.json(['region', 'reconnect', 'eu'])).toMatchObject({ reached: 1, nodes: 1 });
    await eventually('what it kept', async () => (await newest()) >= before + 10);
    expect((await nothingMissing(sandbox.fleet())).summary.total.gaps).toBe(0);
  });
});
