import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limitConnections } from './http-server.js';

let server: Server;
const unused = new Set<Socket>();
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer((_, response) => response.end('ok'));
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.on('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open(): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

/** Asks on a connection; gives the answer, or `closed`. */
function ask(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (data) => resolve(String(data).slice(0, 12)));
    socket.once('close', () => resolve('closed'));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  });
}

test('a flood of connections leaves those that are in use; new clients get in when they try again', async () => {
  limitConnections(server, unused, 10);
  const mine = open();
  expect(await ask(mine)).toBe('HTTP/1.1 200');
  const flood = Array.from({ length: 50 }, open);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await ask(mine)).toBe('HTTP/1.1 200');
  const tries = [await ask(open()), await ask(open()), await ask(open())];
  expect(tries).toContain('HTTP/1.1 200');
  expect(flood.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(9);
});

test('connections that wait for another request make room, too', async () => {
  limitConnections(server, unused, 3);
  for (let i = 0; i < 3; i++) expect(await ask(open())).toBe('HTTP/1.1 200');
  expect([await ask(open()), await ask(open())]).toContain('HTTP/1.1 200');
});
