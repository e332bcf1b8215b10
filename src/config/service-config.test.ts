/** What one side writes as a command line, the serving commands read back as the same configuration. */
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { loadSettings } from './load-settings.js';
import {
  ownFlag,
  SERVICE_SETTINGS,
  type ServiceConfig,
  type ServiceName,
  serviceCommand,
  serviceFlags,
} from './service-config.js';

/** As `cli/command.ts` parses them. */
function parse(name: ServiceName, args: string[]): Record<string, unknown> {
  const command = new Command().exitOverride();
  const flags = SERVICE_SETTINGS[name].map((key) => [key, ownFlag(key)] as const);
  for (const [, flag] of flags) command.option(flag);
  command.parse(args, { from: 'user' });
  const given = flags.map(([key, flag]) => [
    key,
    command.opts()[command.options.find((o) => o.flags === flag)!.attributeName()],
  ]);
  return loadSettings(Object.fromEntries(given), '/nowhere').values;
}

const PROXY: ServiceConfig<'proxy'> = {
  ...{ host: '::1', proxyPort: 7, queue: 'https://q/1', queueEndpoint: 'http://e', queueUnsigned: true },
  ...{ awsRegion: 'eu-west-1', stateDir: '/a b', open: true, rateLimit: 2.5, tlsCert: 'c', tlsKey: 'k' },
  ...{ proxyUrl: 'https://p', allowedHosts: ['a', 'b'] },
};
const PULLER: ServiceConfig<'puller'> = {
  ...{ host: 'h', pullerPort: 8, queue: 'q', stateDir: 's', sinks: ['store', 'alert'], pollers: 2, alertAfter: 9 },
  ...{ retention: 0.5 },
};

test.each([
  ['proxy', PROXY],
  ['puller', PULLER],
  ['queue', { host: '127.0.0.1', queuePort: 9, stateDir: 's' }],
  ['sensors', { nodes: 3, tlsCa: '/ca.pem' }],
] as [ServiceName, object][])('%s serve reads what was written', (name, config) => {
  expect(parse(name, serviceFlags(config))).toMatchObject(config);
});

test('a service is run by its command; secrets go by environment, where no other user sees them', () => {
  const { args, env } = serviceCommand('proxy', { proxyPort: 1, token: 'secret-1', sensorToken: 'secret-2' });
  expect(args).toEqual(['proxy', 'serve', '--port', '1']);
  expect(env).toEqual({ WASM_SENSORS_TOKEN: 'secret-1', SENSOR_TOKEN: 'secret-2' });
  expect(serviceCommand('puller', { webhook: 'http://w/secret' })).toEqual({
    args: ['puller', 'serve'],
    env: { WASM_SENSORS_WEBHOOK: 'http://w/secret' },
  });
});

test('the URL of a queue with credentials goes by environment, too', () => {
  const queue = 'http://me:s3cret@host/q';
  const { args, env } = serviceCommand('proxy', { queue, queueEndpoint: 'http://host' });
  expect([args, env]).toEqual([['proxy', 'serve', '--queue-endpoint', 'http://host'], { WASM_SENSORS_QUEUE: queue }]);
});

test('what is not set, or is off, has no flag', () => {
  expect(serviceFlags<'proxy'>({ open: false, queue: undefined, rateLimit: 0 })).toEqual(['--rate-limit', '0']);
});

test('options that are no settings have their flags', () => {
  expect(serviceFlags<'queue'>({ data: '/q.db', create: 'readings', baseUrl: 'http://b' })).toEqual([
    ...['--data', '/q.db', '--create', 'readings', '--base-url', 'http://b'],
  ]);
  expect(serviceFlags<'sensors'>({ port: 5, jobs: '/j' })).toEqual(['--port', '5', '--jobs', '/j']);
});
