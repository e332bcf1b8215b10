import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { NetworkEvent } from '../../network/provider.js';
import { freePort } from './ports.js';
import { takePorts } from './take-ports.js';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});
const wish = (port: number, explicit: boolean, purpose = 'proxy') => ({
  port,
  explicit,
  purpose,
  flag: `--${purpose}`,
});

test('two that were asked for are refused, naming both flags', async () => {
  const port = await freePort();
  await expect(takePorts({ a: wish(port, true), b: wish(port, true, 'queue') }, () => {})).rejects.toMatchObject({
    code: 'SAME_PORT',
    message: `port ${port} is wanted for the proxy and for the queue`,
    hint: 'Give one of them another port with --proxy or --queue.',
  });
});

test('a default gives way to one that was asked for, whichever is named first, and says so', async () => {
  const port = await freePort();
  const events: NetworkEvent[] = [];
  const chosen = await takePorts({ a: wish(port, false), b: wish(port, true, 'queue') }, (event) => events.push(event));
  expect(chosen.b).toBe(port);
  expect(events).toEqual([{ type: 'network.port-moved', purpose: 'proxy', wanted: port, port: chosen.a }]);
});

test('port 0 is a free one, each time another', async () => {
  const { a, b } = await takePorts({ a: wish(0, true), b: wish(0, true) }, () => {});
  expect(a).toBeGreaterThan(0);
  expect(b).toBeGreaterThan(0);
  expect(a).not.toBe(b);
});

test('a busy one that was asked for is refused', async () => {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await expect(takePorts({ a: wish(port, true) }, () => {})).rejects.toMatchObject({ code: 'PORT_IN_USE' });
});
