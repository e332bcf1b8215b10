import { expect, test } from 'vitest';
import { HostList, hostAndPort, hostEntry } from './host-list.js';

test.each([
  ['api.example.com', 'api.example.com'],
  ['API.Example.com:80', 'api.example.com:80'],
  ['2130706433:09090', '127.0.0.1:9090'],
  ['0x7f.1', '127.0.0.1'],
  ['[::FFFF:127.0.0.1]:1', '[::ffff:7f00:1]:1'],
])('%s is spelled %s', (text, entry) => {
  expect(hostEntry(text)).toBe(entry);
});

test.each([
  '',
  'http://a.example',
  'a.example/x',
  'a.example:0',
  'a.example:65536',
  'me@a.example',
  '*',
  '*.example',
  '::1',
  'a b',
  'a?b',
  ':80',
])('%j is no host', (text) => {
  expect(hostEntry(text)).toBeUndefined();
});

test('the usual ports are named, too', () => {
  expect(['http://a/', 'https://a/', 'https://a:80/'].map((url) => hostAndPort(new URL(url)))).toEqual([
    'a:80',
    'a:443',
    'a:80',
  ]);
});

const hosts = new HostList(['127.0.0.1:9090', 'api.example.com']);

test.each([
  'http://127.0.0.1:9090/send',
  'http://2130706433:9090',
  'http://0x7F.0.0.1:9090',
  'https://127.0.0.1:9090',
  'http://me:x@127.0.0.1:9090/',
  'http://API.example.com:8080',
  'https://api.example.com',
])('%s is reached', (url) => {
  expect(hosts.permits(new URL(url))).toBe(true);
});

// Another name of the same machine is another name: what listens there may be somebody else.
test.each([
  'http://127.0.0.1/',
  'http://127.0.0.1:9091',
  'http://127.0.0.2:9090',
  'http://localhost:9090',
  'http://[::1]:9090',
  'http://[::ffff:127.0.0.1]:9090',
  'http://0.0.0.0:9090',
  'http://0:9090',
  'http://127.0.0.1:9090@evil.example/',
  'http://evil.example#@127.0.0.1:9090',
  'http://api.example.com./',
  'http://x.api.example.com/',
  'http://api.example.com.evil.example/',
])('%s is not', (url) => {
  expect(hosts.permits(new URL(url))).toBe(false);
});

test('each host that is refused is reported once, and no more than a hundred of them', () => {
  const refused: string[] = [];
  const few = new HostList([], (host) => refused.push(host));
  for (const path of ['', '/x']) few.permits(new URL(`http://a.example${path}`));
  expect(refused).toEqual(['a.example:80']);
  for (let i = 0; i < 1000; i++) few.permits(new URL(`http://a.example:${1000 + i}`));
  expect(refused).toHaveLength(100);
});
