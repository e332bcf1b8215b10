import { connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppError } from '../errors/app-error.js';
import { clientGone } from './client-gone.js';
import { type Listener, listen } from './http-server.js';
import { readBody } from './request-body.js';

let listener: Listener;
let waiting = 0;
const failures: string[] = [];
/** Waits for ever, until the client is gone. */
const app = new Hono().get('/', async (c) => {
  const signal = clientGone(c);
  waiting++;
  await new Promise((resolve) => (signal.aborted ? resolve(0) : signal.addEventListener('abort', resolve)));
  waiting--;
  return c.text('nothing');
});
app.post('/', async (c) => c.text(String(await readBody(c, ({ length }) => length))));
app.onError((error, c) => {
  failures.push(error instanceof AppError ? error.code : 'a bug');
  return c.text('', 400);
});

beforeAll(async () => {
  listener = await listen({ fetch: app.fetch, host: '127.0.0.1', port: 0, purpose: 'test', flag: '--port' });
});
afterAll(() => listener.close(0));

async function poll(): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.on('data', (data) => (text += data)).on('error', () => {});
  const answer = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  socket.on('end', () => socket.end());
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => waiting).toBe(1);
  return { socket, answer };
}

test.each<[string, (socket: Socket) => unknown]>([
  ['resets the connection', (socket) => socket.resetAndDestroy()],
  ['is killed, which ends its side', (socket) => socket.destroy()],
])('nobody waits for a client that %s', async (_, leave) => {
  const { socket } = await poll();
  leave(socket);
  await expect.poll(() => waiting).toBe(0);
});

test.each([10, 100_000])('one that leaves in the middle of a body of %i bytes is no bug of ours', async (length) => {
  failures.length = 0;
  const socket = connect(listener.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\nhello`, () => socket.destroy());
  await expect.poll(() => failures).toEqual(['BAD_HTTP']);
});

test('one that only ends its side gets what there is', async () => {
  const { socket, answer } = await poll();
  socket.end();
  expect(await answer).toMatch(/^HTTP\/1.1 200 OK.*nothing$/s);
});
