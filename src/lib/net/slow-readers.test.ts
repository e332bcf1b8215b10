import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Context } from 'hono';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SlowReaders } from './slow-readers.js';

const MIB = 1_048_576;
/** More than the system takes for a client that does not read. */
const ANSWER = Buffer.alloc(10 * MIB);

let server: Server;
let port: number;
/** Numbers of the connections whose end the server has seen. */
let ended: string[];
let asked: string[];
let clients: Socket[];

beforeEach(async () => {
  ended = [];
  asked = [];
  clients = [];
  const unread = new SlowReaders();
  server = createServer((incoming, outgoing) => {
    asked.push(incoming.url!);
    incoming.socket.once('close', () => ended.push(incoming.url!));
    unread.add({ env: { incoming, outgoing } } as unknown as Context, ANSWER.length);
    outgoing.end(ANSWER);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterEach(() => {
  for (const client of clients) client.destroy();
  server.closeAllConnections();
  server.close();
});

async function askWithoutReading(url: string): Promise<void> {
  const client = connect(port, '127.0.0.1').pause();
  client.on('error', () => {}).write(`GET ${url} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  clients.push(client);
  await vi.waitUntil(() => asked.includes(url));
}

test('those that have not read for longest are cut off, and those that read count no longer', async () => {
  for (const url of ['/1', '/2', '/3']) await askWithoutReading(url);
  for (let i = 0; i < 3; i++) {
    const read = await fetch(`http://127.0.0.1:${port}/reads`);
    expect((await read.arrayBuffer()).byteLength).toBe(ANSWER.length);
    ended = ended.filter((url) => url !== '/reads');
  }
  // The first reader was one too many while it read.
  expect(ended).toEqual(['/1']);
  await askWithoutReading('/4');
  await askWithoutReading('/5');
  await vi.waitUntil(() => ended.length === 2);
  expect(ended).toEqual(['/1', '/2']);
});
