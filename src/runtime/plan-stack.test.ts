/** From settings to a stack: what the network is given, and what is refused before anything starts. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { loadSettings } from '../config/load-settings.js';
import type { NetworkCapabilities, NetworkProvider, PlanContext, Services } from '../network/provider.js';
import { registerProvider } from '../test/support/register-provider.js';
import { planStack } from './plan-stack.js';

let stateDir: string;
let given: PlanContext | undefined;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'plan-stack-'));
  given = undefined;
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const services = { endpoints: { proxy: 'http://own-proxy', puller: 'http://own-puller' } } as Services;
const provider = (own: { services?: Services }, capabilities: NetworkCapabilities): NetworkProvider =>
  ({
    kind: 'fake',
    capabilities: { unsupported: { settings: ['host', 'proxyUrl'], hint: 'Leave it out.' }, ...capabilities },
    async plan(_: unknown, context: PlanContext) {
      given = context;
      return { ...own, start: async () => ({ connection: {} }), stop: async () => {} };
    },
  }) as unknown as NetworkProvider;
const plan = (
  flags: object,
  own: { services?: Services } = { services },
  capabilities: NetworkCapabilities = {},
  jobs: Pick<NetworkProvider, 'serviceJob'> = { serviceJob: vi.fn() },
) => {
  onTestFinished(registerProvider('fake', async () => ({ ...provider(own, capabilities), ...jobs })));
  const ports = { proxyPort: 0, pullerPort: 0, queuePort: 0 };
  const settings = loadSettings({ network: 'fake', stateDir, ...ports, ...flags }, '/nowhere');
  return planStack(settings, { registry: true, emit() {}, onStop() {} });
};

test('the network gets what `up` was asked for, with a token that is kept', async () => {
  const { endpoints } = await plan({ nodes: 3 });
  const token = readFileSync(join(stateDir, 'token'), 'utf8').trim();
  expect(given).toMatchObject({ stateDir, nodesPerRegion: 3, registry: true, token, sensorEnv: {} });
  expect(given).not.toHaveProperty('tlsCa');
  expect(endpoints).toBe(services.endpoints);
});

test.each([
  ['a network that gives nodes tokens gets a key that is kept', { givesNodesTokens: true }, {}, 'kept'],
  ['one that does not gets none', {}, {}, 'none'],
  ['unless one is given', {}, { WASM_SENSORS_SENSOR_KEY: 'k'.repeat(32) }, 'given'],
  ['where all sensors share a token, there is no key', { givesNodesTokens: true }, { SENSOR_TOKEN: 's' }, 'shared'],
] as const)('%s', async (_, capabilities, env, expected) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  await plan({}, { services }, capabilities);
  const file = join(stateDir, 'sensor-key');
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  const key = { kept, none: undefined, given: 'k'.repeat(32), shared: undefined }[expected];
  expect([given?.sensorKey, given?.sensorEnv]).toEqual([key, expected === 'shared' ? { SENSOR_TOKEN: 's' } : {}]);
  expect(kept !== undefined).toBe(expected === 'kept');
});

test('services of the network are used; where it has none, children of `up` are planned', async () => {
  const { endpoints } = await plan({}, {});
  expect(endpoints).toMatchObject({ proxy: expect.stringMatching(/^http:\/\/127/), queue: expect.any(String) });
});

test('settings that the network can not follow are refused by name, before it is asked', async () => {
  await expect(plan({ host: '0.0.0.0', proxyUrl: 'http://p' })).rejects.toMatchObject({
    code: 'OPTION_NOT_OFFERED',
    exitCode: 2,
    message: 'the fake network does not offer --host, --proxy-url',
    hint: 'Leave it out.',
  });
  expect(given).toBeUndefined();
});

test('flags of other networks are refused, with those that have them; variables may be there for others', async () => {
  await expect(plan({ apiHost: 'h', tokenInJob: true })).rejects.toMatchObject({
    ...{ code: 'OPTION_NOT_OFFERED', exitCode: 2, hint: 'Give --network remote, or leave it out.' },
    message: 'the fake network does not offer --api-host, --token-in-job',
  });
  await expect(plan({ apiPort: '1' })).rejects.toMatchObject({ hint: /--network native or compose or remote/ });
  await expect(plan({}, { services }, {}, {})).rejects.toMatchObject({ message: /does not offer --registry/ });
  expect(given).toBeUndefined();
  await plan({ apiPort: '1' }, { services }, { follows: ['apiPort'] });
  vi.stubEnv('BACALHAU_API_HOST', 'h');
  onTestFinished(() => void vi.unstubAllEnvs());
  await plan({});
  expect(given).toBeDefined();
});

test('a private authority that is not there is refused before the network is asked', async () => {
  await expect(plan({ tlsCa: '/not/there.pem' })).rejects.toMatchObject({ exitCode: 2 });
  expect(given).toBeUndefined();
});
