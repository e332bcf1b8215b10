import { Agent, get } from 'node:http';
import { get as getTls, Agent as TlsAgent } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { afterEach, expect, test, vi } from 'vitest';
import { OWN, OWN_KEY } from '../../test/support/certificates.js';
import { type Listener, type ListenOptions, listen, reachableAt } from './http-server.js';

const started: { close(): unknown }[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of started.splice(0)) await server.close();
});

/** `/` answers at once, `/slow` after 100 ms, `/never` not at all, `/events` without end, `/whole` ends after all is sent. */
let received = 0;
const app = new Hono()
  .use((_, next) => {
    received++;
    return next();
  })
  .get('/', (c) => c.text('ok'))
  .get('/slow', async (c) => c.text(await sleep(100, 'done')))
  .get('/whole', (c) => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('whole')),
      pull: (controller) => sleep(100).then(() => controller.close()),
    });
    return c.body(body, 200, { 'content-length': '5' });
  })
  .get('/never', () => new Promise<Response>(() => {}))
  .get('/events', (c) =>
    streamSSE(c, async (stream) => {
      await stream.writeSSE({ data: 'hello' });
      await new Promise((resolve) => stream.onAbort(() => resolve(undefined)));
    }),
  );

async function start(options: Partial<ListenOptions> = {}): Promise<Listener> {
  const { fetch } = app;
  const listener = await listen({ fetch, host: '127.0.0.1', port: 0, purpose: 'test', flag: '--port', ...options });
  started.push({ close: () => listener.close(0) });
  return listener;
}

/** Waits until a request that was sent has reached the server. */
async function untilReceived(send: () => unknown): Promise<void> {
  const before = received;
  send();
  await vi.waitUntil(() => received > before, { timeout: 10_000, interval: 5 });
}

/** Seconds that a close takes. */
async function closing(listener: Listener, graceMs?: number): Promise<number> {
  const began = Date.now();
  await listener.close(graceMs);
  return (Date.now() - began) / 1000;
}

/** What a server says on a connection, until it ends it or the time is over. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    sockets.push(socket);
    socket.setEncoding('utf8').on('data', (more) => {
      said += more;
    });
    socket.once('close', () => resolve(said));
  });
}

test('of requests that come before the answer to the first only this is served, and the connection ends', async () => {
  const { port } = await start();
  const before = received;
  const said = await talk(port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200));
  expect(received - before).toBe(1);
  expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  expect(said).toContain('done');
  expect(said).toContain('a request came before the answer');
});

test('a client that has a whole answer asks on, also where the server has not heard that it was sent', async () => {
  const { port } = await start();
  let said = '';
  const socket = connect(port, '127.0.0.1', () => socket.write('GET /whole HTTP/1.1\r\nHost: x\r\n\r\n'));
  sockets.push(socket);
  socket.setEncoding('utf8').on('data', (more) => {
    said += more;
  });
  await vi.waitUntil(() => said.endsWith('whole'));
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await vi.waitUntil(() => said.endsWith('ok'));
  expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
});

test('requests one after another share a connection', async () => {
  const { url } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = () =>
    new Promise<boolean>((resolve, reject) => {
      const request = get(url, { agent }, (response) =>
        response.resume().once('end', () => resolve(request.reusedSocket)),
      );
      request.once('error', reject);
    });
  const reused: boolean[] = [];
  for (let i = 0; i < 50; i++) reused.push(await ask());
  agent.destroy();
  expect(reused.slice(1)).toEqual(Array(49).fill(true));
});

test('any free port is reported', async () => {
  const { url, port } = await start();
  expect(url).toBe(`http://127.0.0.1:${port}`);
  expect(await (await fetch(url)).text()).toBe('ok');
});

test('a connection is kept longer than clients keep theirs, so that none is used while it closes', async () => {
  const { url } = await start();
  const agent = new Agent({ keepAlive: true });
  const kept = await new Promise((resolve, reject) => {
    get(url, { agent }, (response) => resolve(response.resume().headers['keep-alive'])).on('error', reject);
  });
  agent.destroy();
  expect(kept).toBe('timeout=65');
});

test('a busy port names the port, what it is for, and the flag that changes it', async () => {
  const busy = createServer();
  started.push(busy);
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  const { port } = busy.address() as { port: number };
  await expect(start({ port, purpose: 'puller', flag: '--puller-port' })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: `puller: port ${port} on 127.0.0.1 is in use`,
    hint: expect.stringContaining('--puller-port'),
  });
});

test('an address that is not of this machine is no busy port', async () => {
  await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('192.0.2.1'),
  });
});

test('close lets requests under way finish, and does not wait for their connections to be left', async () => {
  const listener = await start();
  const agent = new Agent({ keepAlive: true });
  let answer: Promise<string> | undefined;
  await untilReceived(() => {
    answer = new Promise<string>((resolve, reject) => {
      const request = get(`${listener.url}/slow`, { agent }, (response) => {
        let text = '';
        response.on('data', (data) => (text += data)).on('end', () => resolve(text));
      });
      request.on('error', reject);
    });
  });
  const took = await closing(listener, 20_000);
  expect(await answer).toBe('done');
  expect(took).toBeLessThan(10);
  agent.destroy();
});

test('close waits for the given time, and no longer', async () => {
  const cut = async (graceMs: number) => {
    const listener = await start();
    let answer: Promise<string> | undefined;
    await untilReceived(() => {
      answer = fetch(`${listener.url}/never`).then(
        () => 'answered',
        () => 'cut',
      );
    });
    const took = await closing(listener, graceMs);
    expect(await answer).toBe('cut');
    return took;
  };
  expect(await cut(0)).toBeLessThan(0.4);
  expect(await cut(500)).toBeGreaterThan(0.4);
});

test('close does not wait for connections without a request, such as browsers open in advance', async () => {
  const listener = await start();
  const socket = connect(listener.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  await sleep(50);
  expect(await closing(listener, 20_000)).toBeLessThan(10);
});

test('close ends event streams after the time it is given', async () => {
  const listener = await start();
  const response = await fetch(`${listener.url}/events`);
  const reading = response.text().then(
    () => 'ended',
    () => 'cut',
  );
  await listener.close(10);
  expect(['ended', 'cut']).toContain(await reading);
});

test('with a certificate it speaks https', async () => {
  const listener = await start({ tls: { cert: OWN, key: OWN_KEY } });
  expect(listener.url).toBe(`https://127.0.0.1:${listener.port}`);
  const agent = new TlsAgent({ keepAlive: true, rejectUnauthorized: false });
  const status = await new Promise((resolve, reject) => {
    const request = getTls(listener.url, { agent }, (response) => resolve(response.resume().statusCode));
    request.on('error', reject);
  });
  expect(status).toBe(200);
  expect(await closing(listener, 20_000)).toBeLessThan(10);
  agent.destroy();
});

test.each([
  ['http', '127.0.0.1', 'http://127.0.0.1:80'],
  ['https', 'proxy.example', 'https://proxy.example:80'],
  ['http', '0.0.0.0', 'http://127.0.0.1:80'],
  ['http', '::', 'http://127.0.0.1:80'],
  ['http', '::1', 'http://[::1]:80'],
] as const)('what listens for %s on %s is reached at %s', (scheme, host, url) => {
  expect(reachableAt(scheme, host, 80)).toBe(url);
});
