/** What `config set` says of a fleet with a region and hosts that have values of their own, against what the readings show. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChangeConfigResult, changeConfig, type WantedChange } from '../../operations/config/change-config.js';
import { type DesiredState, effectiveConfig, inScope, type Scope } from '../../protocol/desired-config.js';
import { ProxyClient } from '../../proxy/proxy-client.js';
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
/** A new colour for every change, so that no reading shows it by chance. */
let color = 0;
const nextColor = () => `#${(++color).toString(16).padStart(6, '0')}`;

/** Scopes that have a colour of their own: none, each, each two of them, and all. */
const presets = Array.from({ length: 2 ** NAMES.length }, (_, bits) =>
  NAMES.filter((_name, i) => bits & (1 << i)),
).filter(({ length }) => length < 3 || length === NAMES.length);

const change = async (scope: Scope, wanted: Partial<WantedChange>, wait = true): Promise<ChangeConfigResult> => {
  const token = readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim();
  const proxies = [new ProxyClient(sandbox.state().endpoints.proxy!, { token })];
  const all = { set: {}, unset: [], replace: false, ...wanted };
  return changeConfig({ proxies, fleet: sandbox.fleet() }, scope, all, {
    ...{ timeoutMs: 20_000, wait, onProgress() {}, onFailed: (failed) => expect(failed).toEqual([]) },
  });
};
const sensors = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state !== 'replaced');

interface Said {
  data: { sensors: number; converged: number; hidden: object[] };
  warnings?: string[];
}

async function config(...words: string[]): Promise<Said> {
  const { code, stdout, stderr } = await sandbox.run(['config', ...words, '-o', 'json']);
  const said = JSON.parse(stdout) as Said;
  expect(code, stderr).toBe(words[0] === 'set' && said.data.converged === 0 ? 1 : 0);
  return said;
}

beforeAll(async () => {
  const args = ['--nodes', '2', '--deploy', '--interval', '0.1'];
  await sandbox.up('embedded', args);
});
afterAll(() => sandbox.close());

/** These scopes have a colour of their own, and no others. */
async function preset(names: string[]): Promise<void> {
  await change({}, { unset: ['color'], includeNarrower: true }, false);
  for (const name of names) await change(SCOPES[name]!, { set: { color: nextColor() } }, false);
}

test.each(NAMES)(
  'a colour for %s: wherever else there is one, it says what the readings show',
  {
    timeout: 120_000,
  },
  async (name) => {
    const scope = SCOPES[name]!;
    for (const names of presets) {
      const where = `with colours of ${names.join(', ') || 'none'}`;
      await preset(names);
      const wanted = nextColor();
      const { seen } = await change(scope, { set: { color: wanted } });
      const own = (await sensors()).filter((sensor) => inScope(scope, sensor));
      const showing = own.filter((sensor) => sensor.color.toLowerCase() === wanted);
      const { hidden } = seen!;
      expect([seen!.sensors, seen!.converged], where).toEqual([own.length, showing.length]);
      // Every sensor that shows another colour is counted under the scope that it has it from.
      expect(sum(hidden), where).toBe(own.length - showing.length);
      for (const { scope: hiding } of hidden) {
        expect(own.some((sensor) => inScope(hiding, sensor) && !showing.includes(sensor))).toBe(true);
      }
      if (hidden.length === 0) continue;
      const all = nextColor();
      const cleared = await change(scope, { set: { color: all }, includeNarrower: true });
      expect(cleared.seen, where).toMatchObject({ sensors: own.length, converged: own.length, hidden: [] });
      const shown = (await sensors()).filter((sensor) => inScope(scope, sensor)).map((sensor) => sensor.color);
      expect(new Set(shown), where).toEqual(new Set([all]));
    }
  },
);

const sum = (hidden: { sensors: number }[]) => hidden.reduce((all, one) => all + one.sensors, 0);

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
  expect(hidden.warnings).toEqual([expect.stringMatching(/region us has its own interval.*--include-narrower/)]);
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
  const { desired: state } = await sandbox.json<{ desired: DesiredState }>(['config', 'show']);
  for (const { hostname, region, color: seen } of await sensors()) {
    expect(seen.toLowerCase()).toBe(effectiveConfig(state, region, hostname).color);
  }
});
