import { expect, test } from 'vitest';
import { loadSettings } from '../../config/load-settings.js';
import { type NativeServiceRequest, nativeProvider, nativeServiceJob } from './native-provider.js';

const CONNECTION = { docker: true, forwarded: { edge: [], updater: [], services: ['AWS_REGION'] } };
const PROXY: NativeServiceRequest = {
  role: 'proxy',
  image: 'r.io/x:1',
  port: 8080,
  queue: 'https://q/1',
  embeddedQueue: false,
  open: false,
  args: [],
};

test.each([
  ['NO_SERVICES_NODE', { ...CONNECTION, docker: false }, PROXY],
  ['QUEUE_NOT_REACHABLE', CONNECTION, { ...PROXY, embeddedQueue: true }],
  ['NO_QUEUE', CONNECTION, { ...PROXY, queue: undefined }],
  ['SENSOR_TOKEN_NEEDED', CONNECTION, PROXY],
])('%s', (code, connection, request) => {
  expect(() => nativeServiceJob(connection, request)).toThrow(expect.objectContaining({ code }));
});

test('a proxy that everybody around reaches wants a token, or the word of the operator', () => {
  const withToken = { ...CONNECTION, forwarded: { ...CONNECTION.forwarded, services: ['SENSOR_TOKEN'] } };
  expect(nativeServiceJob(withToken, PROXY)).toMatchObject({ open: false, queue: 'https://q/1' });
  expect(nativeServiceJob(CONNECTION, { ...PROXY, open: true }).open).toBe(true);
  expect(nativeServiceJob(CONNECTION, { ...PROXY, role: 'puller' }).port).toBe(8080);
});

test.each([
  ['a proxy of `up` on loopback is out of reach', {}, 'http://127.0.0.1:9090', undefined],
  ['a proxy of `up` elsewhere is followed', {}, 'https://proxy.example.com', 'https://proxy.example.com'],
  ['--follow names another one', { follow: 'http://10.0.0.5:1' }, 'https://proxy.example.com', 'http://10.0.0.5:1'],
])('%s', async (_, flags, authority, followed) => {
  const settings = loadSettings({ queue: 'https://q/1', open: true, ...flags }, '/nowhere');
  const options = { settings, nodePort: 8080, embeddedQueue: false, authority, onProgress() {} };
  const connection = {
    ...CONNECTION,
    bacalhau: 'b',
    api: { host: 'h', port: 1 },
    webUi: '',
    nodesPerRegion: 1,
    sensorProxyUrls: {},
  };
  const proxy = await nativeProvider.serviceJob!('proxy', connection, options);
  expect([proxy.follows, proxy.job.args]).toEqual([
    followed !== undefined,
    followed === undefined ? [] : ['--follow', followed],
  ]);
  expect(proxy.url).toBe('http://127.0.0.1:8080');
  // Its page changes the configuration there.
  const puller = await nativeProvider.serviceJob!('puller', connection, options);
  expect(puller.job.args).toEqual(followed === undefined ? [] : ['--proxies', followed]);
});
