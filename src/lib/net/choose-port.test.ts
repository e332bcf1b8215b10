import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { choosePort, freePort, probePort } from './choose-port.js';

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

const wish = (port: number, explicit: boolean) => ({ port, explicit, purpose: 'proxy', flag: '--port' });

test('a free port is taken, asked for or not', async () => {
  const port = await freePort();
  expect(await choosePort(wish(port, true))).toEqual({ port, moved: false });
  expect(await choosePort(wish(port, false))).toEqual({ port, moved: false });
});

test('port 0 is any free port', async () => {
  const { port, moved } = await choosePort({ port: 0, explicit: true, purpose: 'test', flag: '--port' });
  expect([port > 1024, moved]).toEqual([true, false]);
});

test('free ports are below those of outgoing connections and of relays', async () => {
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

test('a busy default port moves to one that is free', async () => {
  const busy = await busyPort();
  const { port, moved } = await choosePort(wish(busy, false));
  expect(moved).toBe(true);
  expect(port).not.toBe(busy);
  expect(await probePort(port, '127.0.0.1')).toBe(port);
});

test('a busy port that was asked for fails, naming the port and the flag', async () => {
  const busy = await busyPort();
  await expect(choosePort(wish(busy, true))).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    fault: 'user',
    message: `proxy: port ${busy} on 127.0.0.1 is in use`,
    hint: `Use --port, or stop the process that holds port ${busy}.`,
  });
});

test.each([true, false])(
  'an address that is not of this machine is not called a busy port (explicit: %s)',
  async (explicit) => {
    await expect(choosePort(wish(9090, explicit), '192.0.2.1')).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining('192.0.2.1:9090'),
    });
  },
);
