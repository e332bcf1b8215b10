import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../lib/net/choose-port.js';
import { Link } from './link.js';

let echo: Server;
let link: Link;

beforeEach(async () => {
  echo = createServer((socket) => socket.pipe(socket).on('error', () => {}));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  link = new Link(await freePort(), { host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
  await link.listen();
});
afterEach(async () => {
  await link.close();
  echo.close();
});

async function says(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return String((await once(socket, 'data'))[0]);
}

it('carries both ways', async () => {
  const client = connect(link.port, '127.0.0.1');
  expect(await says(client, 'one')).toBe('one');
  expect(await says(client, 'two')).toBe('two');
  client.destroy();
});

it('ends what is connected and resets what is new while it is cut, and keeps its port', async () => {
  const client = connect(link.port, '127.0.0.1').on('error', () => {});
  await says(client, 'before');
  const ended = once(client, 'close');
  link.cut();
  await ended;
  const [reset] = await once(connect(link.port, '127.0.0.1'), 'error');
  expect(reset.code).toBe('ECONNRESET');
  await expect(new Link(link.port, { host: '127.0.0.1', port: 1 }).listen()).rejects.toThrow('EADDRINUSE');
  link.restore();
  const again = connect(link.port, '127.0.0.1');
  expect(await says(again, 'after')).toBe('after');
  again.destroy();
});

it('may be cut and restored twice', async () => {
  link.restore();
  link.cut();
  link.cut();
  link.restore();
  const client = connect(link.port, '127.0.0.1');
  expect(await says(client, 'x')).toBe('x');
  client.destroy();
});

it('ends a client whose far end is not there', async () => {
  const nowhere = new Link(await freePort(), { host: '127.0.0.1', port: await freePort() });
  await nowhere.listen();
  const client = connect(nowhere.port, '127.0.0.1').on('error', () => {});
  await once(client, 'close');
  await nowhere.close();
});
