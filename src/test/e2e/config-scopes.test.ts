/** What `config set` says of a fleet with a region and hosts that have values of their own, against what the readings show. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { effectiveConfig, inScope, type Scope } from '../../protocol/desired-config.js';
import { Sandbox } from '../support/cli-harness.js';

const sandbox = new Sandbox();
/** More than a sensor of the scope; `edge-as-1` always follows the fleet. */
const SCOPES: Record<string, Scope> = {
  fleet: {},
  'region eu': { region: 'eu' },
  'host edge-eu-1': { hostname: 'edge-eu-1' },
  'host edge-us-2': { hostname: 'edge-us-2' },
};
const NAMES = Object.keys(SCOPES);
const flags = (scope: Scope) =>
  'hostname' in scope ? ['--host', scope.hostname] : 'region' in scope ? ['--region', scope.region] : [];
/** A new colour for every change, so that no reading shows it by chance. */
let color = 0;
const nextColor = () => `#${(++color).toString(16).padStart(6, '0')}`;

/** Every set of scopes that have a colour of their own. */
const presets = Array.from({ length: 2 ** NAMES.length }, (_, bits) => NAMES.filter((_name, i) => bits & (1 << i)));

interface Said {
  data: { sensors: number; converged: number; hidden: { scope: Scope; fields: string[]; sensors: number }[] };
  warnings?: string[];
}

async function config(...words: string[]): Promise<Said> {
  const { code, stdout, stderr } = await sandbox.run(['config', ...words, '-o', 'json']);
  expect(stderr + code).toMatch(/0$/);
  return JSON.parse(stdout) as Said;
}

const desired = async () =>
  (await sandbox.json<{ desired: Parameters<typeof effectiveConfig>[0] }>(['config', 'show'])).desired;
const sensors = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state !== 'replaced');

beforeAll(async () => {
  const args = ['up', '-d', '--network', 'embedded', '--nodes', '2', '--deploy', '--interval', '0.1'];
  const { code, stderr } = await sandbox.run([...args, ...(await Sandbox.portFlags('embedded'))]);
  expect(stderr + code).toMatch(/0$/);
});
afterAll(() => sandbox.close());

async function preset(names: string[]): Promise<void> {
  await config('unset', '--include-narrower', 'color');
  for (const name of names) await config('set', ...flags(SCOPES[name]!), `color=${nextColor()}`);
}

describe.each(NAMES)('a colour for %s', (name) => {
  const scope = SCOPES[name]!;
  test.each(presets)(`where %s %s %s %s have one`, { timeout: 30_000 }, async (...names) => {
    await preset(names.filter((one) => one !== undefined));
    const wanted = nextColor();
    const { data, warnings = [] } = await config('set', ...flags(scope), `color=${wanted}`);
    const own = (await sensors()).filter((sensor) => inScope(scope, sensor));
    const showing = own.filter((sensor) => sensor.color.toLowerCase() === wanted);
    expect([data.sensors, data.converged]).toEqual([own.length, showing.length]);
    // Every sensor that shows another colour is counted under the scope that it has it from.
    expect(data.hidden.reduce((sum, one) => sum + one.sensors, 0)).toBe(own.length - showing.length);
    expect(warnings.length).toBe(data.hidden.length > 0 ? 1 : 0);
    for (const { scope: hiding } of data.hidden) {
      expect(own.some((sensor) => inScope(hiding, sensor) && !showing.includes(sensor))).toBe(true);
    }
    if (data.hidden.length === 0) return;
    const all = nextColor();
    const cleared = await config('set', ...flags(scope), '--include-narrower', `color=${all}`);
    expect(cleared.data).toMatchObject({ sensors: own.length, converged: own.length, hidden: [] });
    const shown = (await sensors()).filter((sensor) => inScope(scope, sensor)).map((sensor) => sensor.color);
    expect(new Set(shown)).toEqual(new Set([all]));
  });
});

test('a value that is cleared in a wide scope shows nothing where a narrower one has it', async () => {
  await preset(['fleet', 'region eu']);
  const { data } = await config('unset', 'color');
  expect(data).toMatchObject({ sensors: 6, converged: 4, hidden: [{ scope: { region: 'eu' }, sensors: 2 }] });
});

test('after a roll-out to every region, the fleet follows none until narrower scopes are included', async () => {
  await preset([]);
  await config('set', '--rollout', 'us,eu,as', 'interval=0.2');
  const hidden = await config('set', 'interval=0.1');
  expect(hidden.data).toMatchObject({ sensors: 6, converged: 0 });
  expect(hidden.warnings).toEqual([expect.stringMatching(/region us has its own interval, .*--include-narrower/)]);
  expect((await sensors()).map((sensor) => sensor.config?.intervalMs)).toEqual(Array(6).fill(200));
  expect((await config('set', '--include-narrower', 'interval=0.1')).data).toMatchObject({ converged: 6, hidden: [] });
  expect((await sensors()).map((sensor) => sensor.config?.intervalMs)).toEqual(Array(6).fill(100));
});

test('config show names the scope that each value comes from', async () => {
  await preset(['fleet', 'region eu', 'host edge-us-2']);
  type Shown = { sensors: { hostname: string; color: string; scopes: { color: string } }[] };
  const shown = (await sandbox.json<Shown>(['config', 'show'])).sensors;
  const from = Object.fromEntries(shown.map(({ hostname, scopes }) => [hostname, scopes.color]));
  expect(from).toMatchObject({
    ...{ 'edge-as-1': 'fleet', 'edge-us-1': 'fleet', 'edge-us-2': 'host edge-us-2' },
    ...{ 'edge-eu-1': 'region eu', 'edge-eu-2': 'region eu' },
  });
  const state = await desired();
  for (const { hostname, region, color: seen } of await sensors()) {
    expect(seen.toLowerCase()).toBe(effectiveConfig(state, region, hostname).color);
  }
});
