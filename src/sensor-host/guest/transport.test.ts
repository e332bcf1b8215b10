import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostList, hostAndPort } from '../../lib/net/host-list.js';
import { TestClock } from '../../test/support/sensor-clock.js';
import { createTransport, type HttpAnswer, type HttpRequest, type HttpTransport } from './transport.js';

let server: Server;
let base: string;
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
let handle: (request: IncomingMessage, response: ServerResponse) => void;
let clock: TestClock;
let transport: HttpTransport;
let allowed: HostList;
let refused: string[];

beforeEach(async () => {
  seen = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  refused = [];
  allowed = new HostList([hostAndPort(new URL(base)), 'localhost', '127.0.0.1:1'], (host) => refused.push(host));
  clock = new TestClock();
  transport = createTransport(clock);
});
afterEach(async () => {
  await transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function send(path: string, request: Partial<HttpRequest> = {}): Promise<HttpAnswer> {
  const full = { method: 'GET', headers: [], body: undefined, maxBodyBytes: 65_536, allowed, ...request };
  return new Promise((resolve) => transport.send({ url: new URL(path, base), ...full }, resolve));
}

describe('an answer', () => {
  it('has its headers in the form that Go gives them', async () => {
    handle = (_, response) => response.writeHead(503, { 'retry-after': '3', 'x-a': ['1', '2'] }).end('späte');
    const answer = await send('/');
    expect(answer).toMatchObject({ result: 0, status: 503, body: Buffer.from('späte') });
    const lines = (answer as { headers: string }).headers.split('\n');
    expect(lines).toEqual(expect.arrayContaining(['Retry-After: 3', 'X-A: 1', 'X-A: 2']));
    expect(lines.some((line) => line.startsWith('Transfer-Encoding'))).toBe(false);
  });

  it('comes after informational answers', async () => {
    handle = (_, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(201, { 'x-a': '1' }).end('done');
    };
    const answer = await send('/');
    expect(answer).toMatchObject({ result: 0, status: 201, body: Buffer.from('done') });
    expect((answer as { headers: string }).headers).not.toContain('Link');
  });

  it('of any length stops where the guest can take no more', async () => {
    handle = (_, response) => {
      response.write(Buffer.alloc(200_000, 'x'));
      // The answer has no end: the rest is not awaited.
    };
    const answer = await send('/', { maxBodyBytes: 1000 });
    expect((answer as { body: Uint8Array }).body.length).toBeGreaterThan(1000);
  });
});

describe('a redirect', () => {
  it.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'data'],
    [308, 'POST', 'data'],
  ])('%i is followed with %s', async (status, method, body) => {
    handle = ({ url }, response) =>
      url === '/a' ? response.writeHead(status, { location: '/b?c' }).end('moved') : response.end('here');
    const headers = ['Content-Type', 'text/plain', 'Authorization', 'Bearer x'];
    const answer = await send('/a', { method: 'POST', headers, body: Buffer.from('data') });
    expect(answer).toMatchObject({ result: 0, status: 200, body: Buffer.from('here') });
    expect(seen[1]).toMatchObject({ method, url: '/b?c', body });
    expect(seen[1]!.headers.authorization).toBe('Bearer x');
    expect(seen[1]!.headers['content-type']).toBe(method === 'POST' ? 'text/plain' : undefined);
  });

  it('of a HEAD stays one, and has no body', async () => {
    handle = ({ url }, response) => response.writeHead(url === '/a' ? 302 : 200, { location: '/b' }).end();
    expect(await send('/a', { method: 'HEAD' })).toMatchObject({ result: 0, status: 200, body: Buffer.alloc(0) });
    expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'HEAD']);
  });

  it('to another host goes without the credentials', async () => {
    const elsewhere = base.replace('127.0.0.1', 'localhost');
    server.close();
    await new Promise<void>((resolve) => server.listen(Number(new URL(base).port), resolve));
    handle = ({ url }, response) =>
      url === '/a' ? response.writeHead(307, { location: `${elsewhere}/b` }).end() : response.end('here');
    expect(await send('/a', { headers: ['Authorization', 'Bearer x'] })).toMatchObject({ result: 0, status: 200 });
    expect(seen[1]!.headers.authorization).toBeUndefined();
  });

  it('to a host that is not allowed is refused (4) and said, before anything is sent there', async () => {
    allowed = new HostList([hostAndPort(new URL(base))], (host) => refused.push(host));
    handle = (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/PurgeQueue' }).end();
    expect(await send('/a', { method: 'POST', body: Buffer.from('x') })).toEqual({ result: 4 });
    expect([seen.length, refused]).toEqual([1, ['127.0.0.1:1']]);
  });

  it('in a circle fails (2), and one to nowhere is an answer', async () => {
    handle = (_, response) => response.writeHead(302, { location: '/a' }).end();
    expect(await send('/a')).toEqual({ result: 2 });
    expect(seen.length).toBe(11);
    handle = (_, response) => response.writeHead(302).end();
    expect(await send('/a')).toMatchObject({ result: 0, status: 302 });
    handle = (_, response) => response.writeHead(302, { location: 'ftp://h/' }).end();
    expect(await send('/a')).toEqual({ result: 2 });
  });
});

describe('a failure', () => {
  it('to connect, a broken connection and a header that is none are network errors (2)', async () => {
    handle = (request) => request.socket.destroy();
    expect(await send('/')).toEqual({ result: 2 });
    expect(await send('/', { headers: ['bad header', 'x'] })).toEqual({ result: 2 });
    expect(await send('http://127.0.0.1:1/')).toEqual({ result: 2 });
  });

  it('after 30 s is a timeout (3), redirects included', async () => {
    handle = ({ url }, response) => {
      if (url === '/a') response.writeHead(307, { location: '/b' }).end();
    };
    const answer = send('/a');
    while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.pass(29_999);
    await clock.pass(1);
    expect(await answer).toEqual({ result: 3 });
  });

  it('does not come to one who closed the request', async () => {
    let answers = 0;
    handle = () => {};
    const request = { url: new URL(base), allowed, method: 'GET', headers: [], body: undefined, maxBodyBytes: 10 };
    const call = transport.send(request, () => answers++);
    while (seen.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    call.close();
    await clock.pass(60_000);
    expect(answers).toBe(0);
  });
});
