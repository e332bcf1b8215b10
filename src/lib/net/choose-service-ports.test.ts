import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePort } from './choose-port.js';
import { chooseServicePorts, type PortMoved } from './choose-service-ports.js';

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
  await expect(
    chooseServicePorts({ a: wish(port, true), b: wish(port, true, 'queue') }, () => {}),
  ).rejects.toMatchObject({
    code: 'SAME_PORT',
    message: `the proxy and the queue have the same port ${port}`,
    hint: 'Change one of them with --proxy or --queue.',
  });
});

test('a default gives way to one that was asked for, whichever is named first, and says so', async () => {
  const port = await freePort();
  const events: PortMoved[] = [];
  const chosen = await chooseServicePorts({ a: wish(port, false), b: wish(port, true, 'queue') }, (event) =>
    events.push(event),
  );
  expect(chosen.b).toBe(port);
  expect(events).toEqual([{ type: 'network.port-moved', purpose: 'proxy', wanted: port, port: chosen.a }]);
});

test('of two defaults with the same port the second moves, and a third service keeps its own', async () => {
  const [port, other] = [await freePort(), await freePort()];
  const events: PortMoved[] = [];
  const chosen = await chooseServicePorts(
    { a: wish(port, false), b: wish(port, false, 'queue'), c: wish(other, false, 'puller') },
    (event) => events.push(event),
  );
  expect([chosen.a, chosen.c]).toEqual([port, other]);
  expect(events).toEqual([{ type: 'network.port-moved', purpose: 'queue', wanted: port, port: chosen.b }]);
  expect(new Set(Object.values(chosen)).size).toBe(3);
});

test('a port is looked for at the address that the service listens on', async () => {
  await expect(chooseServicePorts({ a: { ...wish(9090, true), host: '192.0.2.1' } }, () => {})).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
  });
});

test('port 0 is a free one, each time another', async () => {
  const { a, b } = await chooseServicePorts({ a: wish(0, true), b: wish(0, true) }, () => {});
  expect(a).toBeGreaterThan(0);
  expect(b).toBeGreaterThan(0);
  expect(a).not.toBe(b);
});

test('a busy one that was asked for is refused', async () => {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await expect(chooseServicePorts({ a: wish(port, true) }, () => {})).rejects.toMatchObject({ code: 'PORT_IN_USE' });
});
