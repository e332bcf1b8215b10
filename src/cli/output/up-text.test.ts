import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { endpointLines, upTimeoutHint } from './up-text.js';

const ownAddresses = () =>
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');

test('addresses are named for people', () => {
  const endpoints = { proxy: 'a', jobProxy: 'b', webUi: 'c', api: 'd', constructor: 'e' };
  expect(endpointLines(endpoints)).toEqual([
    ...['proxy     a', 'job proxy b', 'web UI    c', 'API       d', 'constructor e'],
  ]);
  // A machine may have no other address.
  const [proxy, queue] = endpointLines({ proxy: 'https://127.0.0.1:9090', queue: 'http://127.0.0.1:9324' }, '0.0.0.0');
  expect(proxy).toMatch(/^proxy {5}https:\/\/127\.0\.0\.1:9090(, https:\/\/[\d.]+:9090)*$/);
  expect(proxy!.split(', ').length).toBe(1 + Math.min(3, ownAddresses().length));
  expect(queue).toBe('queue     http://127.0.0.1:9324');
});

test('after a timeout of `up` it says what was stopped', () => {
  expect(upTimeoutHint(false, 'http://p')).toBe(
    'Nothing answers at http://p (--proxy-url), where the sensors send to. Everything was stopped.',
  );
  expect(upTimeoutHint(false)).toMatch(/^Everything was stopped\. /);
  expect(upTimeoutHint(true)).toMatch(/^Proxy and puller were stopped\. /);
});
