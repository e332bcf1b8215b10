import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { findBrowserProblem, hostNames, isLoopback } from './browser-guard.js';

const OWN = 'http://proxy.example:8443/sensors';

// Where the service listens, the names it was given, the URL it is known by, a request's Host, and what is wrong with it.
test.each<[string, string[] | undefined, string[], string, string | undefined]>([
  ['127.0.0.1', undefined, [], 'localhost:9090', undefined],
  ['127.0.0.1', undefined, [], '[::1]:9090', undefined],
  ['127.0.0.1', undefined, [], 'evil.example', 'UNKNOWN_HOST'],
  ['127.0.0.2', undefined, [], '127.0.0.2:9090', undefined],
  ['127.0.0.1', undefined, [], '127.0.0.2:9090', 'UNKNOWN_HOST'],
  ['127.0.0.1', undefined, [OWN], 'proxy.example', undefined],
  ['127.0.0.1', undefined, ['http://[fd00::1]:80'], '[fd00::1]', undefined],
  ['127.0.0.1', ['Tunnel.Example'], [], 'tunnel.example:443', undefined],
  ['0.0.0.0', undefined, [], 'evil.example', undefined],
  ['0.0.0.0', undefined, [OWN], 'evil.example', undefined],
  ['0.0.0.0', ['sqs-proxy'], [], 'evil.example', 'UNKNOWN_HOST'],
  ['0.0.0.0', ['sqs-proxy'], [], 'sqs-proxy:9090', undefined],
  ['0.0.0.0', ['sqs-proxy'], [], '127.0.0.1:9090', undefined],
])('listening on %s, allowing %j, known as %j: Host %s', async (listening, allowed, urls, host, problem) => {
  const names = hostNames(listening, allowed, urls);
  const app = new Hono().get('/', (c) => c.json(findBrowserProblem(c, names)?.code ?? null));
  expect(await (await app.request('/', { headers: { host } })).json()).toBe(problem ?? null);
});

// What a browser says of a request: an image on another page, its script, a link, the address bar, our own page.
test.each([
  ['cross-site', 'no-cors', 'FOREIGN_ORIGIN'],
  ['same-site', 'no-cors', 'FOREIGN_ORIGIN'],
  ['same-site', 'navigate', null],
  ['cross-site', 'cors', 'FOREIGN_ORIGIN'],
  ['cross-site', 'navigate', null],
  ['cross-site', undefined, 'FOREIGN_ORIGIN'],
  ['none', 'navigate', null],
  ['same-origin', 'cors', null],
])('a request that is %s, mode %s', async (site, mode, problem) => {
  const app = new Hono().get('/', (c) => c.json(findBrowserProblem(c, ['localhost'])?.code ?? null));
  const headers = {
    host: 'localhost',
    'sec-fetch-site': site,
    ...(mode === undefined ? {} : { 'sec-fetch-mode': mode }),
  };
  expect(await (await app.request('/', { headers })).json()).toBe(problem);
});

// Where our page was loaded from, as the browser tells it with a request to us.
test.each([
  ['http://localhost:9090', null],
  ['http://localhost:9091', 'FOREIGN_ORIGIN'],
  ['http://127.0.0.1:9090', 'FOREIGN_ORIGIN'],
  ['http://evil.example', 'FOREIGN_ORIGIN'],
  ['http://localhost.evil.example:9090', 'FOREIGN_ORIGIN'],
  ['null', 'FOREIGN_ORIGIN'],
  ['', 'FOREIGN_ORIGIN'],
])('a request of the origin %j', async (origin, problem) => {
  const app = new Hono().get('/', (c) => c.json(findBrowserProblem(c, ['localhost'])?.code ?? null));
  expect(await (await app.request('/', { headers: { host: 'localhost:9090', origin } })).json()).toBe(problem);
});

test('names are the same in small and capital letters, and a request without a name has none of ours', async () => {
  const app = new Hono().get('/', (c) =>
    c.json(findBrowserProblem(c, hostNames('127.0.0.1', undefined))?.code ?? null),
  );
  const ask = async (headers: Record<string, string>) => (await app.request('/', { headers })).json();
  expect([await ask({ host: 'LocalHost:9090' }), await ask({})]).toEqual([null, 'UNKNOWN_HOST']);
});

test('only this machine’s own addresses are loopback', () => {
  const hosts = [
    'localhost',
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    '0.0.0.0',
    '::',
    '10.127.0.1',
    '128.0.0.1',
    'localhost.evil',
  ];
  expect(hosts.filter(isLoopback)).toEqual(['localhost', '127.0.0.1', '127.1.2.3', '::1']);
});

test('what is wrong names the host or the origin', async () => {
  const app = new Hono().get('/', (c) => c.json(findBrowserProblem(c, ['localhost'])?.message ?? null));
  const reason = async (headers: Record<string, string>) => (await app.request('/', { headers })).json();
  expect(await reason({ host: 'Evil.example:80' })).toContain('"evil.example"');
  expect(await reason({})).toContain('""');
  expect(await reason({ host: 'localhost', origin: 'http://evil.example' })).toContain('"http://evil.example"');
});

test('where any name is allowed, pages of other sites are refused all the same', async () => {
  const app = new Hono().get('/', (c) => c.json(findBrowserProblem(c, undefined)?.code ?? null));
  const ask = async (headers: Record<string, string>) =>
    (await app.request('/', { headers: { host: 'inner:9091', ...headers } })).json();
  expect(await ask({})).toBe(null);
  expect(await ask({ origin: 'http://evil.example' })).toBe('FOREIGN_ORIGIN');
  expect(await ask({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' })).toBe('FOREIGN_ORIGIN');
  // Our own page behind a web server that changes the Host.
  expect(await ask({ origin: 'https://fleet.example', 'sec-fetch-site': 'same-origin' })).toBe(null);
});
