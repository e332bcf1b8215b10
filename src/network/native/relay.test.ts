import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../../lib/ports.js';
import { Relay } from './relay.js';

let echo: Server;
let relay: Relay;

beforeEach(async () => {
  echo = createServer((socket) => socket.pipe(socket).on('error', () => {}));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  relay = new Relay(await freePort(), { host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
  await relay.open();
});
afterEach(async () => {
  await relay.cut();
  echo.close();
});

async function says(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return String((await once(socket, 'data'))[0]);
}

it('carries both ways', async () => {
  const client = connect(relay.port, '127.0.0.1');
  expect(await says(client, 'one')).toBe('one');
  expect(await says(client, 'two')).toBe('two');
  client.destroy();
});

it('ends what is connected and refuses what is new while it is cut, and comes back on the same port', async () => {
  const client = connect(relay.port, '127.0.0.1').on('error', () => {});
  await says(client, 'before');
  await Promise.all([once(client, 'close'), relay.cut()]);
  const [refused] = await once(connect(relay.port, '127.0.0.1'), 'error');
  expect(refused.code).toBe('ECONNREFUSED');
  await relay.open();
  const again = connect(relay.port, '127.0.0.1');
  expect(await says(again, 'after')).toBe('after');
  again.destroy();
});

it('may be cut and opened twice', async () => {
  await relay.open();
  await relay.cut();
  await relay.cut();
  await relay.open();
  const client = connect(relay.port, '127.0.0.1');
  expect(await says(client, 'x')).toBe('x');
  client.destroy();
});

it('ends a client whose far end is not there', async () => {
  const nowhere = new Relay(await freePort(), { host: '127.0.0.1', port: await freePort() });
  await nowhere.open();
  const client = connect(nowhere.port, '127.0.0.1').on('error', () => {});
  await once(client, 'close');
  await nowhere.cut();
});

it('waits for a port that is held for a moment', async () => {
  await relay.cut();
  const holder = createServer().listen(relay.port, '127.0.0.1');
  await once(holder, 'listening');
  setTimeout(() => holder.close(), 150);
  await relay.open();
});
