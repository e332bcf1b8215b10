import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RegionLinks } from './region-links.js';

let target: Server;
let links: RegionLinks;
let portOf: { orchestrator: number; proxy: number };

beforeEach(async () => {
  target = createServer((socket) => {
    socket.write('hello');
    socket.resume().on('error', () => {});
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as AddressInfo;
  links = new RegionLinks({ firstMs: 200, quietMs: 200, atMostMs: 1000 });
  await links.open(['eu'], { host: '127.0.0.1', port }, `http://127.0.0.1:${port}`);
  const [orchestrator, proxy] = [links.orchestratorUrl('eu'), links.proxyUrl('eu')!].map((url) =>
    Number(new URL(url).port),
  );
  portOf = { orchestrator: orchestrator!, proxy: proxy! };
});
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
  await links.set('eu', false);
  expect(await reaches(portOf.proxy)).toBeUndefined();
  expect(await reaches(portOf.orchestrator)).toBeUndefined();
  const restored = links.set('eu', true);
  let done = false;
  void restored.then(() => (done = true));
  await sleep(50);
  const sensor = (await reaches(portOf.proxy))!;
  for (let batch = 0; batch < 4; batch++) {
    sensor.write(Buffer.alloc(5000));
    await sleep(120);
    expect([done, await reaches(portOf.orchestrator)]).toEqual([false, undefined]);
  }
  await restored;
  (await reaches(portOf.orchestrator))!.destroy();
  sensor.destroy();
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
