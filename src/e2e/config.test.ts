import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SensorView } from '../core/fleet-view.js';
import { bacalhauMissing } from './bacalhau.js';
import { eventually, Sandbox } from './harness.js';

const NETWORKS = [
  { network: 'embedded', skip: undefined },
  { network: 'native', skip: bacalhauMissing() },
];

describe.each(NETWORKS)('changing running sensors on the $network network', ({ network, skip }) => {
  const sandbox = new Sandbox();
  const live = async (region?: string): Promise<SensorView[]> =>
    (await sandbox.fleet().snapshot()).sensors.filter(
      (s) => s.state !== 'replaced' && (!region || s.region === region),
    );
  const colors = async () => Object.fromEntries((await live()).map((s) => [s.region, s.color.toLowerCase()]));
  const step = (name: string, body: () => Promise<void>) =>
    test(name, async (context) => {
      if (skip !== undefined) context.skip(skip);
      await body();
    });

  beforeAll(async () => {
    if (skip !== undefined) return;
    const args = ['up', '-d', '--network', network, '--deploy', '--interval', '0.5', '--color', '#101010'];
    expect((await sandbox.run([...args, ...(await Sandbox.portFlags())])).code).toBe(0);
  });
  afterAll(() => sandbox.close());

  step('config set ends when the readings of every sensor show it', async () => {
    expect(await sandbox.json(['config', 'set', 'color=#00ff88'])).toMatchObject({
      sensors: 3,
      converged: 3,
      failed: [],
    });
    expect(await colors()).toEqual({ us: '#00ff88', eu: '#00ff88', as: '#00ff88' });
  });

  step('narrower scopes are stronger, and unset gives way to the wider one', async () => {
    await sandbox.json(['config', 'set', '--region', 'eu', 'color=#0000ff']);
    await sandbox.json(['config', 'set', '--host', 'edge-us-1', 'color=#ff0000']);
    expect(await colors()).toEqual({ us: '#ff0000', eu: '#0000ff', as: '#00ff88' });
    await sandbox.json(['config', 'unset', '--host', 'edge-us-1', 'color']);
    expect(await colors()).toEqual({ us: '#00ff88', eu: '#0000ff', as: '#00ff88' });
    await sandbox.json(['config', 'unset', '--region', 'eu', 'color']);
  });

  step('paused sensors are silent, say so, and wake up', async () => {
    await sandbox.json(['config', 'set', 'paused=true', 'interval=0.5']);
    expect((await live()).map(({ state }) => state)).toEqual(['paused', 'paused', 'paused']);
    await sandbox.json(['config', 'set', 'paused=false']);
    expect((await live()).map(({ state }) => state)).toEqual(['live', 'live', 'live']);
  });

  step(
    "a region's YAML file changes only that region, and a half-written one changes nothing and is seen",
    async () => {
      await sandbox.json(['config', 'unset', 'color']);
      const file = join(sandbox.stateDir, 'config', 'as.yaml');
      writeFileSync(file, "color: '#abcdef'\n");
      await eventually('the colour of the file in as', async () => (await colors()).as === '#abcdef');
      expect(await colors()).toEqual({ us: '#101010', eu: '#101010', as: '#abcdef' });
      writeFileSync(file, "color: '#ab");
      await eventually('a bad file in as', async () => (await live('as'))[0]?.config?.file === 'bad');
      expect((await live('as'))[0]?.color.toLowerCase()).toBe('#abcdef');
      const shown = await sandbox.json<{
        sensors: { region: string; reported: { file: string; sources: { color: string } } }[];
      }>(['config', 'show']);
      expect(shown.sensors.map(({ region, reported }) => [region, reported.file, reported.sources.color])).toEqual([
        ['as', 'bad', 'file'],
        ['eu', 'ok', 'flag'],
        ['us', 'ok', 'flag'],
      ]);
    },
  );

  step('the config-updater module does the same from an edge node', async () => {
    expect(await sandbox.json(['deploy', 'config-updater', '--color', '#fefefe'])).toMatchObject({
      sensors: 3,
      converged: 3,
    });
    expect(await colors()).toEqual({ us: '#fefefe', eu: '#fefefe', as: '#fefefe' });
  });

  step('a region that is cut off is pending, and takes the change when it is back', async () => {
    await sandbox.json(['region', 'disconnect', 'us']);
    const { code, stdout } = await sandbox.run(['config', 'set', 'color=#123456', '--timeout', '4', '-o', 'json']);
    expect(code).toBe(1);
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({ code: 'NOT_CONVERGED', message: expect.stringContaining('2/3 sensors converged') });
    expect(error.details).toEqual([expect.stringMatching(/^pending: edge-us-1 \(us\)/)]);
    expect(await colors()).toMatchObject({ eu: '#123456', as: '#123456' });
    await sandbox.run(['region', 'reconnect', 'us']);
    await eventually('the colour in us', async () => (await colors()).us === '#123456', 40_000);
  });

  const killProxy = async () => {
    const pid = sandbox.pidOf('proxy');
    process.kill(pid, 'SIGKILL');
    await eventually('a new proxy', () => sandbox.pidOf('proxy') !== pid);
  };

  step('a proxy that lost its state sends nobody back, and is followed again', async () => {
    const versions = async () => (await live()).map((s) => [s.region, s.color, s.config?.version]);
    const before = await versions();
    rmSync(join(sandbox.stateDir, 'desired.json'));
    await killProxy();
    const heard = (await sandbox.fleet().summary()).total.received;
    await eventually('readings', async () => (await sandbox.fleet().summary()).total.received > heard + 12, 40_000);
    expect(await versions()).toEqual(before);
    expect(await sandbox.json(['config', 'set', 'color=#777777'])).toMatchObject({ converged: 3 });
  });

  step('what was acknowledged survives kill -9 of the proxy', async () => {
    const before = (await sandbox.json<{ version: number }>(['config', 'set', '--no-wait', 'color=#445566'])).version;
    await killProxy();
    await eventually('the colour everywhere', async () =>
      Object.values(await colors()).every((color) => color === '#445566'),
    );
    expect((await live()).every((s) => (s.config?.version ?? 0) >= before)).toBe(true);
  });

  step('a roll-out goes region by region, and bad values are refused where they enter', async () => {
    expect(await sandbox.json(['config', 'set', '--rollout', 'us,eu,as', 'color=#654321'])).toMatchObject({
      regions: ['us', 'eu', 'as'],
    });
    expect(await colors()).toEqual({ us: '#654321', eu: '#654321', as: '#654321' });
    const refused = await sandbox.run(['config', 'set', 'color=green']);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('color: "green" must be a colour such as #00ff88'),
    ]);
  });
});
