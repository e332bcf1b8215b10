import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listener, listen } from './http-server.js';

let listener: Listener;
const app = new Hono()
  .get('/', (c) => c.text('ok'))
  .post('/slow', async (c) => c.text(await sleep(50, await c.req.text())))
  .get('/throws', () => Promise.reject(new Error('a bug')));

beforeAll(async () => {
  listener = await listen({ fetch: app.fetch, host: '127.0.0.1', port: 0, purpose: 'test', flag: '--port' });
});
afterAll(() => listener.close(0));

/** What comes back for these bytes until the connection ends. `end`: the client ends its side at once. */
function talk(text: string, end = false): Promise<{ status: number; body: string; type: string | undefined }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    let answer = '';
    socket.setEncoding('utf8').on('data', (data) => (answer += data));
    socket.on('error', reject).on('end', () => {
      socket.end();
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      const type = /^content-type: (.*)$/im.exec(head)?.[1];
      resolve({ status: Number(head.split(' ')[1]), body, type });
    });
    if (end) socket.end(text);
    else socket.write(text);
  });
}

const HOST = 'Host: localhost\r\n';
test.each([
  ['what is no HTTP', 'hello\r\n\r\n', 400],
  ['a TLS handshake', '\x16\x03\x01\x00\xa5\x01\r\n\r\n', 400],
  ['two lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
  ['headers of 40 kB', `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['a path with backslashes', `GET \\\\x HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`, 400],
])('%s is refused', async (_, text, status) => {
  expect(await talk(text)).toMatchObject({ status });
});

test('a Host that is none is refused with a JSON body', async () => {
  const answer = await talk('GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n');
  expect([answer.status, answer.type, JSON.parse(answer.body)]).toMatchObject([
    400,
    'application/json',
    { error: { code: 'BAD_HTTP', message: expect.any(String), reason: expect.any(String) } },
  ]);
});

test('a client that has sent its request and ends its side gets its answer', async () => {
  const request = `POST /slow HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`;
  expect(await talk(request, true)).toMatchObject({ status: 200, body: 'hello' });
});

test('an old client without Host is served', async () => {
  expect(await talk('GET / HTTP/1.0\r\n\r\n')).toMatchObject({ status: 200, body: 'ok' });
});
