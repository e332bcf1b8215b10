import { expect, test } from 'vitest';
import { domainsOf, reachableHosts } from './job-task.js';

test('a job reaches its proxy, at its port only, and what is allowed', () => {
  const job = { proxyUrl: 'http://127.0.0.1:9090', allow: ['api.example.com', '127.0.0.1:9090'] };
  expect(reachableHosts(job)).toEqual(['127.0.0.1:9090', 'api.example.com']);
  expect(reachableHosts({ proxyUrl: 'https://proxy.example.com/in' })).toEqual(['proxy.example.com:443']);
});

test('Bacalhau gets names without ports, each once', () => {
  const job = { proxyUrl: 'http://127.0.0.1:9090', allow: ['api.example.com', '127.0.0.1:8000', 'api.example.com:81'] };
  expect(domainsOf(job)).toEqual(['127.0.0.1', 'api.example.com']);
});

// Such a job would be refused, or would not reach its proxy.
test.each([
  ['http://sqs-proxy:9090', []],
  ['http://localhost:9090', []],
  ['http://[::1]:9090', []],
  ['http://Proxy.example.com', []],
  ['http://2130706433:9090', []],
  ['http://a_b.example.com', []],
  ['http://127.0.0.1:9090', ['thermometer:8000']],
  ['', []],
])('%s with %j can not be said', (proxyUrl, allow) => {
  expect(domainsOf({ proxyUrl, allow })).toBeUndefined();
});
