import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { proxyTarget } from './link.js';
import { RELAYED, RegionLinks } from './region-links.js';

let target: Server;
let links: RegionLinks;
let portOf: { orchestrator: number; proxy: number };

beforeEach(async () => {
  target = createServer((socket) => {
    socket.write('hello');
    socket.resume().on('error', () => {});
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  await open({ firstMs: 200, quietMs: 200, atMostMs: 1000 });
});

async function open(delivery: ConstructorParameters<typeof RegionLinks>[0]): Promise<void> {
  const { port } = target.address() as AddressInfo;
  links = new RegionLinks(delivery);
  await links.open(`http://127.0.0.1:${port}`, { host: '127.0.0.1', port });
  const [orchestrator, proxy] = [links.orchestratorUrl('eu'), links.proxyUrl('eu')].map((url) =>
    Number(new URL(url).port),
  );
  portOf = { orchestrator: orchestrator!, proxy: proxy! };
}

afterEach(async () => {
  await links.close();
  target.close();
});

async function reaches(port: number): Promise<Socket | undefined> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  return once(socket, 'data').then(
    () => socket,
    () => undefined,
  );
}

it('gives the orchestrator its nodes back only when their sensors have delivered what they kept', async () => {
  await links.close();
  // A busy machine is late by a second.
  await open({ firstMs: 200, quietMs: 1500, atMostMs: 30_000 });
  await links.set('eu', false);
  expect(await reaches(portOf.proxy)).toBeUndefined();
  expect(await reaches(portOf.orchestrator)).toBeUndefined();
  const restored = links.set('eu', true);
  let done = false;
  void restored.then(() => (done = true));
  await sleep(50);
  const sensor = (await reaches(portOf.proxy))!;
  for (let batch = 0; batch < 3; batch++) {
    sensor.write(Buffer.alloc(5000));
    await sleep(120);
    expect([done, await reaches(portOf.orchestrator)]).toEqual([false, undefined]);
  }
  await restored;
  (await reaches(portOf.orchestrator))!.destroy();
  sensor.destroy();
});

it('does not wait where sensors deliver to a relay: the backlog flows beside it', async () => {
  await links.close();
  await open(RELAYED);
  await links.set('eu', false);
  const restored = links.set('eu', true);
  const relay = (await reaches(portOf.proxy))!;
  relay.write(Buffer.alloc(5000));
  await restored;
  (await reaches(portOf.orchestrator))!.destroy();
  relay.destroy();
});

it('does not wait for ever, nor for what is no backlog', async () => {
  await links.set('eu', false);
  const began = Date.now();
  const restored = links.set('eu', true);
  await sleep(50);
  const sensor = (await reaches(portOf.proxy))!;
  const single = setInterval(() => sensor.write(Buffer.alloc(600)), 50);
  await restored;
  clearInterval(single);
  expect(Date.now() - began).toBeLessThan(500);
  await links.set('eu', false);
  const again = links.set('eu', true);
  await sleep(50);
  const stuck = (await reaches(portOf.proxy))!;
  const batches = setInterval(() => stuck.write(Buffer.alloc(5000)), 50);
  await again;
  clearInterval(batches);
  (await reaches(portOf.orchestrator))!.destroy();
});

it('stays cut when it is cut again before all of it was restored', async () => {
  await links.set('eu', false);
  const restored = links.set('eu', true);
  await sleep(50);
  await links.set('eu', false);
  await restored;
  expect(await reaches(portOf.orchestrator)).toBeUndefined();
  expect(await reaches(portOf.proxy)).toBeUndefined();
});

it.each([
  ['http://127.0.0.1:9090', '127.0.0.1', 9090, 'http://127.0.0.1:24220'],
  ['http://localhost', 'localhost', 80, 'http://127.0.0.1:24220'],
  ['http://[::1]:9090/base/', '::1', 9090, 'http://127.0.0.1:24220/base'],
  ['https://localhost:9443', 'localhost', 9443, 'https://localhost:24220'],
  ['https://127.0.0.1', '127.0.0.1', 443, 'https://127.0.0.1:24220'],
])('a link stands in for %s', (url, host, port, behind) => {
  const target = proxyTarget(url)!;
  expect([target.host, target.port, target.urlBehind(24_220)]).toEqual([host, port, behind]);
});

it('a link stands in for any address of this machine, unless its certificate has to name it', (context) => {
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (own === undefined) return context.skip('this machine has loopback addresses only');
  expect(proxyTarget(`http://${own}:9090`)).toMatchObject({ host: own, port: 9090 });
  expect(proxyTarget(`https://${own}:9090`)).toBeUndefined();
});

it.each(['http://proxy.example.com', 'http://203.0.113.9:9090', 'https://[::1]:9443', 'https://proxy.example.com'])(
  'none stands in for %s',
  (url) => expect(proxyTarget(url)).toBeUndefined(),
);
