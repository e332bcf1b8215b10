import { expect, test } from 'vitest';
import { type NativeServiceRequest, nativeServiceJob } from './native-provider.js';

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
