/** A cluster that exists already: what is refused before anything is asked, and the secrets that `up` keeps for it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSettings } from '../../config/load-settings.js';
import type { PlanContext } from '../provider.js';
import { keepSecrets, readSecrets } from './remote-network.js';
import { remoteProvider } from './remote-provider.js';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'remote-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const context = () => ({ stateDir, sensorEnv: {}, emit() {} }) as unknown as PlanContext;
// Any program will do: it is not run.
const plan = (flags: object) =>
  remoteProvider.plan(loadSettings({ bacalhau: process.execPath, ...flags }, '/nowhere'), context());

test('it needs the address of an API', async () => {
  await expect(plan({})).rejects.toMatchObject({ code: 'NO_API_HOST', exitCode: 2 });
});

test.each([
  ['10.1.2.3', 'http://127.0.0.1:9090'],
  ['cluster.example.com', 'http://localhost:9090'],
  ['https://cluster.example.com', 'http://[::1]:9090'],
])('nodes of %s can not reach %s', async (apiHost, proxyUrl) => {
  const { start } = await plan({ apiHost });
  await expect(start({ proxyUrl })).rejects.toMatchObject({ code: 'PROXY_NOT_REACHABLE', exitCode: 2 });
});

test('the clean-up forgets the secrets, and so does the end of `up`', async () => {
  const file = join(stateDir, 'remote', 'secrets.json');
  const secrets = { sensorEnv: { SENSOR_TOKEN: 's' }, credentials: { apiKey: 'k' } };
  keepSecrets(stateDir, secrets);
  expect(readSecrets(stateDir)).toEqual(secrets);
  expect(await remoteProvider.cleanUp?.(stateDir)).toEqual({ removed: [], kept: [] });
  expect(existsSync(file)).toBe(false);
  expect(readSecrets(stateDir)).toEqual({ sensorEnv: {} });
  keepSecrets(stateDir, secrets);
  await (await plan({ apiHost: '10.1.2.3' })).stop();
  expect(existsSync(file)).toBe(false);
});

test('its connection is read from what earlier versions wrote, and its regions are not cut from here', async () => {
  const connection = remoteProvider.connectionSchema.parse({
    ...{ bacalhau: '/b', api: { host: 'h', port: 1 }, proxyUrl: 'http://p', forSensors: [], tokenInJob: false },
  });
  const network = remoteProvider.open(connection, { stateDir, token: 't', setRegionLink: async () => {} });
  expect([network.kind, network.sensorProxyUrl('eu')]).toEqual(['remote', 'http://p']);
  await expect(network.setRegionLink('eu', false)).rejects.toMatchObject({ code: 'NOT_OFFERED' });
});
