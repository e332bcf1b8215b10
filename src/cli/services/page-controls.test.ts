import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolveSettings } from '../../config/resolve-settings.js';
import type { FleetReader } from '../../puller/fleet-client.js';
import { WholeFleet } from '../../puller/peers/whole-fleet.js';
import { Box } from '../../test/support/box.js';
import { FakeUp } from '../../test/support/fake-up.js';
import { oneUnit } from '../../test/support/one-unit.js';
import { pageControls } from './page-controls.js';

let box: Box;
let up: FakeUp;
let marked: unknown[];

beforeEach(() => {
  box = new Box();
  marked = [];
});
afterEach(async () => {
  await up.close();
  box.close();
});

/** The controls of a puller beside this `up`; `flags` are those of `puller serve`. */
async function start(flags: () => Record<string, unknown> = () => ({})) {
  mkdirSync(box.stateDir);
  up = await FakeUp.start(box);
  await up.deploy();
  const given = { stateDir: box.stateDir, token: 'operator-token', ...flags() };
  const settings = resolveSettings({ flags: given, env: {}, dotenv: {}, file: {} }).values;
  const own = new WholeFleet(oneUnit(up.hub));
  const fleet: FleetReader = {
    snapshot: () => own.snapshot(),
    summary: () => own.summary(),
    convergence: (...goal) => {
      up.fleet.look();
      return own.convergence(...goal);
    },
  };
  const controls = pageControls(settings, fleet, (...link) => marked.push(link));
  const progress: unknown[] = [];
  const change = (wanted: Partial<Parameters<typeof controls.changeConfig>[0]>) =>
    controls.changeConfig({ scope: {}, set: {}, unset: [], includeNarrower: false, ...wanted }, (one) =>
      progress.push(one),
    );
  return { controls, change, progress };
}

test('a change goes to the proxy of `up`, and its result is that of `config set`', async () => {
  const { controls, change, progress } = await start();
  expect(await controls.offers()).toEqual({ config: true, links: true });
  await change({ scope: { hostname: 'edge-eu-1' }, set: { interval: 3 } });
  expect(await change({ scope: { region: 'eu' }, set: { interval: 2 } })).toMatchObject({
    ...{ sensors: 1, converged: 0, failed: [] },
    hidden: [{ scope: { hostname: 'edge-eu-1' }, fields: ['interval'], sensors: 1 }],
  });
  const wide = { scope: { region: 'eu' }, set: { interval: 2 }, includeNarrower: true };
  expect(await change(wide)).toMatchObject({ sensors: 1, converged: 1, hidden: [] });
  expect(progress.at(-1)).toEqual({ done: 1, of: 1 });
  expect(up.desired.state.regions.eu).toMatchObject({ interval: 2 });
  await expect(change({ scope: { region: 'mars' }, set: { interval: 2 } })).rejects.toMatchObject({
    code: 'NO_SUCH_REGION',
  });
});

test('the configuration of a place: what each scope sets, who follows, and the sources of a sensor', async () => {
  const { controls, change } = await start();
  await change({ set: { color: '#00ff88' } });
  await change({ scope: { region: 'eu' }, set: { interval: 2 } });
  expect(await controls.readConfig({ region: 'eu', hostname: 'edge-eu-1' })).toMatchObject({
    scopes: [
      { scope: {}, config: { color: '#00ff88' } },
      { scope: { region: 'eu' }, config: { interval: 2 } },
      { scope: { hostname: 'edge-eu-1' }, config: null },
    ],
    convergence: { sensors: 1, converged: 1 },
    sensors: [{ hostname: 'edge-eu-1', scopes: { color: 'fleet', interval: 'region eu', paused: 'default' } }],
  });
  const fleet = await controls.readConfig({ region: undefined, hostname: undefined });
  expect(fleet).toMatchObject({ scopes: [{ scope: {} }], convergence: { sensors: 3 } });
  expect(fleet.sensors).toHaveLength(3);
});

test('what all sensors of a place have alike, each by itself, is told from what differs', async () => {
  const { controls, change } = await start();
  const alike = async () => (await controls.readConfig({ region: undefined, hostname: undefined })).alike;
  expect(await alike()).toEqual(expect.arrayContaining(['interval', 'paused']));
  await change({ scope: { region: 'eu' }, set: { interval: 2 } });
  expect(await alike()).not.toContain('interval');
  expect(await alike()).toContain('paused');
});

test('a cut is made by the network of `up`, and the fleet view knows that it is meant', async () => {
  const { controls } = await start();
  const result = await controls.setRegionLink('eu', false, () => {});
  expect(result).toMatchObject({ region: 'eu', connected: false, reached: 1, nodes: 1 });
  expect(up.cluster.nodes().flatMap(({ region, connected }) => (connected ? [] : [region]))).toEqual(['eu']);
  expect(marked).toEqual([['eu', false]]);
  await expect(controls.setRegionLink('mars', false, () => {})).rejects.toMatchObject({ code: 'NO_SUCH_REGION' });
});

test('a puller apart from `up` changes what the proxies of its settings hold, and cuts nothing', async () => {
  const { change, controls } = await start(() => ({
    proxies: up.endpoints.proxy,
    stateDir: `${box.folder}/elsewhere`,
  }));
  expect(await controls.offers()).toEqual({ config: true, links: false });
  expect(await change({ set: { paused: true } })).toMatchObject({ sensors: 3, converged: 3 });
  expect(up.desired.state.fleet).toMatchObject({ paused: true });
  await expect(controls.setRegionLink('eu', false, () => {})).rejects.toMatchObject({
    code: 'NOT_UP',
  });
});

test('where no `up` runs and no proxy is named, nothing is offered', async () => {
  const { controls } = await start(() => ({ stateDir: `${box.folder}/elsewhere` }));
  expect(await controls.offers()).toEqual({ config: false, links: false });
});
