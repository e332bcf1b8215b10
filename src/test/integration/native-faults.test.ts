/** What goes wrong around real Bacalhau processes, and somebody else's cluster, as the operator sees it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive, type ProcessId } from '../../lib/process/process-id.js';
import { nativeConnectionSchema } from '../../network/native/native-network.js';
import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { eventually, nothingMissing, type Running, Sandbox } from '../support/cli-harness.js';

const missing = bacalhauMissing();

describe('around a native network', () => {
  const sandbox = new Sandbox();
  /** A second checkout. */
  const elsewhere = new Sandbox();
  let up: Running;
  let processes: ProcessId[] = [];

  beforeAll(async () => {
    if (missing !== undefined) return;
    const args = ['up', '--network', 'native', '--deploy', '--interval', '0.5', '--color', '#111111'];
    up = sandbox.spawn([...args, ...(await Sandbox.portFlags('native'))]);
    await eventually('sensors', async () => (await sandbox.fleet().summary()).total.live === 3);
  });
  afterAll(async () => {
    await elsewhere.close();
    await sandbox.close();
  });

  const step = (name: string, body: () => Promise<void>) =>
    test(name, { timeout: 180_000 }, async (context) => {
      if (missing !== undefined) context.skip(missing);
      await body();
    });

  const liveIn = async (box: Sandbox, color: string) => {
    const { sensors } = await box.fleet().snapshot();
    return sensors.filter((sensor) => sensor.state === 'live' && sensor.color === color);
  };

  const receivedIn = (regions: { region: string; received: number }[], name: string) =>
    regions.find(({ region }) => region === name)?.received ?? 0;

  step('`up` shows where Bacalhau itself is', async () => {
    const { api, webUi } = sandbox.state().endpoints;
    await eventually('both addresses', () => up.stderr.includes(api!) && up.stderr.includes(webUi!));
  });

  step('an update loses and doubles no reading of either submission', async () => {
    const before = await liveIn(sandbox, '#111111');
    await sandbox.json(['deploy', 'publisher', '--color', '#222222', '--interval', '0.5']);
    const { sensors } = await nothingMissing(sandbox.fleet());
    const old = sensors.filter(({ execution_id: id }) => before.some((sensor) => sensor.execution_id === id));
    expect(old.map(({ state }) => state)).toEqual(['replaced', 'replaced', 'replaced']);
    for (const { received, sequence, duplicates } of sensors) expect([received, duplicates]).toEqual([sequence, 0]);
  });

  step('sensors that a node refuses fail the deployment, with the node’s words', async () => {
    const args = ['deploy', 'publisher', '--region', 'as', '--config-file', '/etc/hostname'];
    const { code, stderr } = await sandbox.run(args);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/1 publisher failed\n.*edge-as-1: .*(AllowList|not allowlisted)/i),
    ]);
    await sandbox.json(['deploy', 'publisher', '--region', 'as', '--color', '#222222', '--interval', '0.5']);
  });

  for (const child of ['orchestrator', 'edge-eu-1']) {
    step(`kill -9 of ${child}: it is started again, and no region has a gap`, async () => {
      const pid = sandbox.pidOf(child);
      process.kill(pid, 'SIGKILL');
      await eventually(`a new ${child}`, () => sandbox.pidOf(child) !== pid);
      await eventually('that on the screen', () => up.stderr.includes(`${child} restarted (pid`));
      const from = (await sandbox.fleet().summary()).regions;
      const { regions } = await eventually('more readings of each region', async () => {
        const now = await sandbox.fleet().summary();
        return now.regions.every(({ region, received }) => received > receivedIn(from, region) + 12) && now;
      });
      expect(regions.map(({ live, gaps, duplicates }) => [live, gaps, duplicates])).toEqual(
        regions.map(() => [1, 0, 0]),
      );
    });
  }

  step('an `up` elsewhere does not take these jobs unasked, and one that fails gives them back', async () => {
    const { host, port } = nativeConnectionSchema.parse(sandbox.state().connection).api;
    const remote = ['up', '-d', '--deploy', '--network', 'remote', '--api-host', host, '--api-port', String(port)];
    const refused = await elsewhere.run([...remote, ...(await Sandbox.portFlags())]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/publisher-us.*: submitted from another state folder[\s\S]*--take-over/),
    ]);
    const dead = ['--take-over', '--proxy-url', 'http://127.0.0.1:1/dead', '--timeout', '3'];
    const failed = await elsewhere.run([...remote, ...dead, ...(await Sandbox.portFlags())]);
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringMatching(/restored.*publisher-us/)]);
    expect(failed.stderr).toContain('Nothing answers at http://127.0.0.1:1/dead (--proxy-url)');
    const from = (await sandbox.fleet().summary()).regions;
    await eventually('more readings of each region', async () => {
      const now = await sandbox.fleet().summary();
      return now.regions.every(({ region, received }) => received > receivedIn(from, region) + 5);
    });
    expect(await sandbox.json(['status'])).toMatchObject({ notices: [] });
  });

  step('as a remote network, with a sensor token that only its `up` was given', async () => {
    const { host, port } = nativeConnectionSchema.parse(sandbox.state().connection).api;
    writeFileSync(join(elsewhere.dir, 'token'), 'secret\n');
    const remote = ['up', '-d', '--network', 'remote', '--api-host', host, '--api-port', String(port)];
    const token = ['--sensor-token-file', 'token', '--token-in-job'];
    const { code, stderr } = await elsewhere.run([...remote, ...token, ...(await Sandbox.portFlags())]);
    expect(stderr + code).toMatch(/0$/);
    // Before 1.8 nodes take their time to come back to an orchestrator that was started again.
    type Nodes = { nodes: { connected: boolean }[] };
    const connected = async () => (await elsewhere.json<Nodes>(['status'])).nodes.every((node) => node.connected);
    await eventually('every node', connected, 75_000);
    await elsewhere.json(['deploy', 'publisher', '--color', '#333333', '--interval', '0.5', '--take-over']);
    expect((await liveIn(elsewhere, '#333333')).map(({ hostname }) => hostname).sort()).toEqual([
      'edge-as-1',
      'edge-eu-1',
      'edge-us-1',
    ]);
    const status = await elsewhere.json<{ nodes: unknown[]; jobs: { name: string }[] }>(['status']);
    expect(status.jobs.map(({ name }) => name)).toContain('publisher-eu');
    const { owner } = (await elsewhere.json<{ jobs: { owner: string }[] }>(['status'])).jobs[0]!;
    const { proxy } = elsewhere.state().endpoints;
    const notice = { type: 'publisher.foreign', owner, proxyUrl: proxy };
    expect((await sandbox.json<{ notices: object[] }>(['status'])).notices).toContainEqual({
      ...notice,
      job: 'publisher-eu',
    });
    const cut = await elsewhere.run(['region', 'disconnect', 'eu']);
    expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining("remote network can't be cut")]);
    const { stopped } = await elsewhere.json<{ stopped: string[] }>(['stop', 'publisher']);
    expect(stopped.sort()).toEqual(['as', 'eu', 'us']);
  });

  step('a node that hangs misses a heartbeat, is asked, killed and restarted, and that is on the screen', async () => {
    const pid = sandbox.pidOf('edge-us-1');
    process.kill(pid, 'SIGSTOP');
    await eventually('a new edge-us-1', () => sandbox.pidOf('edge-us-1') !== pid, 40_000);
    await eventually('that on the screen', () => /edge-us-1 has not answered for \d+ s; killing it/.test(up.stderr));
  });

  step('after kill -9 of `up` its nodes end within 3 s', async () => {
    processes = sandbox.state().children;
    expect(processes.length).toBeGreaterThanOrEqual(7);
    up.child.kill('SIGKILL');
    await up.ended;
    await eventually('the end of all', () => processes.every((id) => !isAlive(id)), 3000);
    expect((await sandbox.run(['down'])).code).toBe(0);
  });
});
