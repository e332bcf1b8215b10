import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { proxyTarget } from './proxy-target.js';

test.each([
  ['http://127.0.0.1:9090', '127.0.0.1', 9090, 'http://127.0.0.1:24220'],
  ['http://localhost', 'localhost', 80, 'http://127.0.0.1:24220'],
  ['http://[::1]:9090/base/', '::1', 9090, 'http://127.0.0.1:24220/base'],
  ['https://localhost:9443', 'localhost', 9443, 'https://localhost:24220'],
  ['https://127.0.0.1', '127.0.0.1', 443, 'https://127.0.0.1:24220'],
])('a relay stands in for %s', (url, host, port, behind) => {
  const target = proxyTarget(url)!;
  expect([target.host, target.port, target.urlBehind(24_220)]).toEqual([host, port, behind]);
});

test('a relay stands in for any address of this machine, unless its certificate has to name it', (context) => {
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (own === undefined) return context.skip('this machine has loopback addresses only');
  expect(proxyTarget(`http://${own}:9090`)).toMatchObject({ host: own, port: 9090 });
  expect(proxyTarget(`https://${own}:9090`)).toBeUndefined();
});

test.each(['http://proxy.example.com', 'http://203.0.113.9:9090', 'https://[::1]:9443', 'https://proxy.example.com'])(
  'none stands in for %s',
  (url) => expect(proxyTarget(url)).toBeUndefined(),
);
