import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DirectRoute } from './direct-route.js';
import { type Listener, listen } from './http-server.js';

let listener: Listener;
const gone: string[] = [];
/** Echoes what it gets. */
const direct: DirectRoute = {
  path: '/send',
  async answer({ header, body }) {
    gone.push(String(body.length));
    const text = Buffer.from(body).toString();
    return { status: 207, headers: { 'x-way': 'direct' }, body: `${header('x-one')} ${text}` };
  },
};

beforeAll(async () => {
  const fetch = () => new Response('', { headers: { 'x-way': 'fetch' } });
  listener = await listen({ fetch, direct, host: '127.0.0.1', port: 0, purpose: 'test', flag: '--port' });
});
afterAll(() => listener.close(0));

interface Call {
  path?: string;
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
}

/** The status, the way that it went, and the answer. */
function send({ path = '/send', method = 'POST', headers = {}, body = '{}' }: Call): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const sent = request({ port: listener.port, host: '127.0.0.1', path, method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      answer.on('end', () => resolve([answer.statusCode, answer.headers['x-way'], text]));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
const way = async (call: Call) => (await send(call))[1];
const length = (body: string) => ({ 'content-length': String(Buffer.byteLength(body)) });

test('a small request is answered without fetch, with its headers, its whole body and the status', async () => {
  const body = '{"a":"🚀"}';
  expect(await send({ body, headers: { ...length(body), 'x-one': ['1', '2'] } })).toEqual([
    207,
    'direct',
    `1, 2 ${body}`,
  ]);
  const longest = 'x'.repeat(16_384);
  expect(await way({ body: longest, headers: length(longest) })).toBe('direct');
});

const long = 'x'.repeat(16_385);
test.each<[string, Call]>([
  ['a longer body', { body: long, headers: length(long) }],
  ['a body of unknown length', { headers: { 'transfer-encoding': 'chunked' } }],
  ['a compressed body', { headers: { ...length('{}'), 'content-encoding': 'gzip' } }],
  ['another method', { method: 'PUT', headers: length('{}') }],
  ['another path', { path: '/sending', headers: length('{}') }],
  ['a path with a query', { path: '/send?a=1', headers: length('{}') }],
  ['a host that is no name', { headers: { ...length('{}'), host: '[::1]:80' } }],
])('%s is left to fetch', async (_, call) => {
  expect(await way(call)).toBe('fetch');
});

test('a client that leaves before its body has arrived is not answered, and the next one is', async () => {
  gone.length = 0;
  const socket = connect(listener.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('POST /send HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await new Promise((resolve) => socket.destroy().once('close', resolve));
  expect(await way({ headers: length('{}') })).toBe('direct');
  expect(gone).toEqual(['2']);
});
