import { expect, test } from 'vitest';
import { type NativeServiceRequest, nativeService } from './native-services.js';

const FACTS = { docker: true, forwarded: { edge: [], updater: [], services: ['AWS_REGION'] } };
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
  ['NO_SERVICES_NODE', { ...FACTS, docker: false }, PROXY],
  ['QUEUE_NOT_REACHABLE', FACTS, { ...PROXY, embeddedQueue: true }],
  ['NO_QUEUE', FACTS, { ...PROXY, queue: undefined }],
  ['SENSOR_TOKEN_NEEDED', FACTS, PROXY],
])('%s', (code, facts, request) => {
  expect(() => nativeService(facts, request)).toThrow(expect.objectContaining({ code }));
});

test('a proxy that everybody around reaches wants a token, or the word of the operator', () => {
  const withToken = { ...FACTS, forwarded: { ...FACTS.forwarded, services: ['SENSOR_TOKEN'] } };
  expect(nativeService(withToken, PROXY)).toMatchObject({ open: false, queue: 'https://q/1' });
  expect(nativeService(FACTS, { ...PROXY, open: true }).open).toBe(true);
  expect(nativeService(FACTS, { ...PROXY, role: 'puller' }).port).toBe(8080);
});
