import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { choosePorts, freePort, type PortMoved, probePort } from './choose-port.js';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A port that somebody else holds. */
async function busyPort(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

const wish = (port: number, explicit: boolean, purpose = 'proxy') => ({
  port,
  explicit,
  purpose,
  flag: `--${purpose}`,
});

test('two that were asked for are refused, naming both flags', async () => {
  const port = await freePort();
  await expect(choosePorts({ a: wish(port, true), b: wish(port, true, 'queue') }, () => {})).rejects.toMatchObject({
    code: 'SAME_PORT',
    message: `the proxy and the queue have the same port ${port}`,
    hint: 'Change one of them with --proxy or --queue.',
  });
});

test('a default gives way to one that was asked for, whichever is named first, and says so', async () => {
  const port = await freePort();
  const events: PortMoved[] = [];
  const chosen = await choosePorts({ a: wish(port, false), b: wish(port, true, 'queue') }, (event) =>
    events.push(event),
  );
  expect(chosen.b).toBe(port);
  expect(events).toEqual([{ type: 'network.port-moved', purpose: 'proxy', wanted: port, port: chosen.a }]);
});

test('of two defaults with the same port the second moves, and a third service keeps its own', async () => {
  const [port, other] = [await freePort(), await freePort()];
  const events: PortMoved[] = [];
  const chosen = await choosePorts(
    { a: wish(port, false), b: wish(port, false, 'queue'), c: wish(other, false, 'puller') },
    (event) => events.push(event),
  );
  expect([chosen.a, chosen.c]).toEqual([port, other]);
  expect(events).toEqual([{ type: 'network.port-moved', purpose: 'queue', wanted: port, port: chosen.b }]);
  expect(new Set(Object.values(chosen)).size).toBe(3);
});

test('a port is looked for at the address that the service listens on', async () => {
  await expect(choosePorts({ a: { ...wish(9090, true), host: '192.0.2.1' } }, () => {})).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
  });
});

test('port 0 is a free one, each time another', async () => {
  const { a, b } = await choosePorts({ a: wish(0, true), b: wish(0, true) }, () => {});
  expect(a).toBeGreaterThan(0);
  expect(b).toBeGreaterThan(0);
  expect(a).not.toBe(b);
});

test('free ports are below those of outgoing connections and of links', async () => {
  for (let i = 0; i < 20; i++) {
    const port = await freePort();
    expect(port).toBeGreaterThan(10_080);
    expect(port).toBeLessThan(24_000);
  }
});

test('a busy port is undefined, a free one is itself, and 0 is some port', async () => {
  const [busy, free] = [await busyPort(), await freePort()];
  expect([await probePort(busy, '127.0.0.1'), await probePort(free, '127.0.0.1')]).toEqual([undefined, free]);
  expect(await probePort(0, '127.0.0.1')).toBeGreaterThan(0);
});

test('a free port is taken, asked for or not', async () => {
  const [a, b] = [await freePort(), await freePort()];
  const moved: PortMoved[] = [];
  expect(await choosePorts({ a: wish(a, true), b: wish(b, false) }, (event) => moved.push(event))).toEqual({ a, b });
  expect(moved).toEqual([]);
});

test('a busy default port moves to one that is free', async () => {
  const busy = await busyPort();
  const moved: PortMoved[] = [];
  const { a } = await choosePorts({ a: wish(busy, false) }, (event) => moved.push(event));
  expect(a).not.toBe(busy);
  expect(await probePort(a, '127.0.0.1')).toBe(a);
  expect(moved).toEqual([{ type: 'network.port-moved', purpose: 'proxy', wanted: busy, port: a }]);
});

test('a busy port that was asked for fails, naming the port and the flag', async () => {
  const busy = await busyPort();
  await expect(choosePorts({ a: wish(busy, true) }, () => {})).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    fault: 'user',
    message: `proxy: port ${busy} on 127.0.0.1 is in use`,
    hint: `Use --proxy, or stop the process that holds port ${busy}.`,
  });
});

test('an address that is not of this machine is not called a busy port, also for a default', async () => {
  await expect(choosePorts({ a: { ...wish(9090, false), host: '192.0.2.1' } }, () => {})).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('192.0.2.1:9090'),
  });
});
