/** What queue, proxy and puller are started with, and how they start, move and stop. */
import { expect, test } from 'vitest';
import { loadSettings } from '../config/load-settings.js';
import type { SettingKey } from '../config/settings.js';
import type { ChildSpec, Supervisor } from '../lib/process/supervisor.js';
import { planServices, serviceConfigs } from './services.js';

const settingsOf = (flags: Partial<Record<SettingKey, unknown>> = {}) => loadSettings(flags, '/nowhere');
const ports = { proxy: 1, puller: 2, queue: 3 };
const configs = (flags: Partial<Record<SettingKey, unknown>> = {}, over: Partial<typeof ports> = ports) =>
  serviceConfigs(settingsOf(flags), { proxy: 1, puller: 2, ...over }, { stateDir: '/s', token: 't' });

test('without a queue in the settings, all use the embedded one', () => {
  const { proxy, puller, queue } = configs();
  const shared = {
    ...{ host: '127.0.0.1', stateDir: '/s', token: 't', queueUnsigned: true },
    ...{ queue: 'http://127.0.0.1:3/000000000000/wasm-sensors', queueEndpoint: 'http://127.0.0.1:3' },
  };
  expect(proxy).toEqual({ ...shared, pack: true, proxyPort: 1 });
  expect(puller).toEqual({ ...shared, pullerPort: 2, sinks: ['store', 'alert'] });
  expect(queue).toEqual({ host: '127.0.0.1', queuePort: 3, data: '/s/queue.db', create: 'wasm-sensors' });
});

test('the embedded queue stays on loopback when the others listen elsewhere', () => {
  const { proxy, queue } = configs({ host: '0.0.0.0' });
  expect([proxy.host, queue?.host]).toEqual(['0.0.0.0', '127.0.0.1']);
});

test('a queue of the settings is used as it is', () => {
  const { proxy, puller, queue } = configs(
    { queue: 'https://q/1', queueEndpoint: 'https://e' },
    { queue: undefined as never },
  );
  for (const config of [proxy, puller]) {
    expect(config).toMatchObject({ queue: 'https://q/1', queueEndpoint: 'https://e' });
    expect(config.queueUnsigned).toBeUndefined();
  }
  expect(queue).toBeUndefined();
});

test('settings that were given reach the service that they are for; secrets, too', () => {
  const { proxy, puller } = configs({
    ...{ open: true, rateLimit: 5, tlsCert: 'c', tlsKey: 'k', proxyUrl: 'https://p', sinks: 'log', pollers: 2 },
    ...{ alertAfter: 4, retention: 1, awsRegion: 'eu-west-1', allowedHosts: 'a,b' },
  });
  const both = { awsRegion: 'eu-west-1', allowedHosts: ['a', 'b'] };
  expect(proxy).toMatchObject({ ...both, open: true, rateLimit: 5, tlsCert: 'c', tlsKey: 'k', proxyUrl: 'https://p' });
  expect(puller).toMatchObject({ ...both, sinks: ['log'], pollers: 2, alertAfter: 4, retention: 1 });
  const { values, provenance } = settingsOf();
  const secrets = { ...values, sensorToken: 'st', webhook: 'http://w' };
  const given = serviceConfigs({ values: secrets, provenance }, ports, { stateDir: '/s', token: 't' });
  expect([given.proxy.sensorToken, given.puller.webhook]).toEqual(['st', 'http://w']);
  expect(given.puller).not.toHaveProperty('sensorToken');
});

interface Fake {
  log: string[];
  running: { name: string }[];
  start(spec: ChildSpec): Promise<void>;
  stop(names: string[]): Promise<void>;
}

const fakeSupervisor = (): Fake => ({
  log: [],
  running: [],
  async start({ name }) {
    this.log.push(`+${name}`);
    this.running.push({ name });
  },
  async stop(names) {
    this.log.push(...names.map((name) => `-${name}`));
    this.running = this.running.filter(({ name }) => !names.includes(name));
  },
});
const planned = async (supervisor: Fake, flags: Partial<Record<SettingKey, unknown>> = {}) =>
  planServices(settingsOf({ proxyPort: 0, pullerPort: 0, queuePort: 0, ...flags }), {
    ...{ supervisor: supervisor as unknown as Supervisor, stateDir: '/s', token: 't', emit() {} },
  });

test('they stop in the order in which readings pass', async () => {
  const supervisor = fakeSupervisor();
  const services = await planned(supervisor);
  await services.start();
  await services.stop();
  expect(supervisor.log).toEqual(['+queue', '+proxy', '+puller', '-proxy', '-puller', '-queue']);
});

test('endpoints: https with a certificate, and no queue where the settings name one', async () => {
  const { endpoints } = await planned(fakeSupervisor(), { tlsCert: 'c', queue: 'https://q/1' });
  expect(endpoints).toEqual({
    proxy: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
    puller: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  });
  expect((await planned(fakeSupervisor())).endpoints.queue).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test('the puller gives way to one elsewhere, and runs again once', async () => {
  const supervisor = fakeSupervisor();
  const services = await planned(supervisor);
  await services.start();
  supervisor.log = [];
  expect(await services.movePuller('http://elsewhere')).toBe('http://elsewhere');
  expect(await services.movePuller(null)).toBe(services.endpoints.puller);
  expect(await services.movePuller(null)).toBe(services.endpoints.puller);
  expect(supervisor.log).toEqual(['-puller', '+puller']);
});
