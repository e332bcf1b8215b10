/** A table of the requests that guests make: what is sent, the result, and what of the answer reaches the guest. */
import { beforeEach, expect, test } from 'vitest';
import { type Call, PAGE, TestGuest } from './test-guest.js';

const recorded = (name: string) => `../recorded/documents/wasi/${name}.txt`;

/** Where the test guest keeps the parts of a request, and wants those of the answer. */
const AT = { url: 1000, headers: 2000, body: 3000 };
const OUT = { headersLength: 4000, bodyLength: 4004, status: 4008, headers: 5000, body: 6000 };
const ROOM = 64;

let guest: TestGuest;
beforeEach(() => {
  guest = new TestGuest({ args: [], env: {}, region: 'eu' });
});

interface Parts {
  method?: number;
  url?: string | Uint8Array;
  headers?: string;
  body?: string;
  headersRoom?: number;
  bodyRoom?: number;
}

/** Arguments of the call by name, as numbers that replace the usual ones. */
type Over = Partial<Record<(typeof ARGUMENTS)[number], number>>;
const ARGUMENTS = [
  ...(['method', 'url', 'urlLength', 'headers', 'headersLength', 'body', 'bodyLength'] as const),
  ...(['outHeaders', 'outHeadersLength', 'outBody', 'outBodyLength', 'outStatus'] as const),
];

async function request(title: string, parts: Parts = {}, over: Over = {}): Promise<void> {
  const { method = 1, url = 'http://proxy:9090/send', headers = '', body = '' } = parts;
  const usual: Record<(typeof ARGUMENTS)[number], number> = {
    ...{ method, url: AT.url, urlLength: Buffer.from(url as string).length },
    ...{ headers: AT.headers, headersLength: Buffer.byteLength(headers) },
    ...{ body: AT.body, bodyLength: Buffer.byteLength(body) },
    ...{ outHeaders: OUT.headers, outHeadersLength: OUT.headersLength },
    ...{ outBody: OUT.body, outBodyLength: OUT.bodyLength, outStatus: OUT.status },
  };
  const call: Call = { name: 'http_request', args: ARGUMENTS.map((name) => over[name] ?? usual[name]) };
  await guest.run(title, [call], () => {
    guest.put(AT.url, url);
    guest.put(AT.headers, headers);
    guest.put(AT.body, body);
    guest.putNumbers(OUT.headersLength, parts.headersRoom ?? ROOM, parts.bodyRoom ?? ROOM);
  });
}

async function expectTable(name: string): Promise<void> {
  await expect(`${guest.lines.join('\n').trim()}\n`).toMatchFileSnapshot(recorded(name));
}

const ok = { result: 0, status: 200, headers: 'A: 1\nRetry-After: 2', body: Buffer.from('hello') } as const;

test('what is sent', async () => {
  guest.answers({ result: 0, status: 204, headers: '', body: Buffer.alloc(0) });
  for (const method of [0, 1, 2, 3, 4, 5, 6, 7, 99, -1]) await request(`method ${method}`, { method });
  await request('headers and a body', { headers: 'A: 1\n  b :  x: y \nno colon\n\nA: 2', body: 'böd' });
  await request('headers that are the client’s own', {
    headers: 'Host: evil\ncontent-length: 99\nTRANSFER-ENCODING: x\nTrailer: x\nConnection: close\nX: 1',
  });
  await request('a header without a name', { headers: ': x\n:y\nZ:' });
  await request('an address with more', { url: 'https://user:pw@h:8443/ä b/../c?q=ü#part' });
  await request('a body at address 0', { body: 'x' }, { body: 0 });
  await request('a body of no length', { body: 'x' }, { bodyLength: 0 });
  await request('headers at address 0', { headers: 'A: 1' }, { headers: 0 });
  await request('headers that end outside of the memory', {}, { headers: PAGE - 4, headersLength: 8 });
  await expectTable('http-sent');
});

test('what is not sent', async () => {
  await request('no address', { url: '' });
  await request('what is no address', { url: 'no url' });
  await request('an address that is no text', { url: new Uint8Array([0x68, 0xff, 0xfe]) });
  await request('an address that ends outside of the memory', {}, { url: PAGE - 4, urlLength: 8 });
  await request('an address above 2 GiB', {}, { url: -8 });
  await request('an address longer than the memory', {}, { urlLength: -1 });
  for (const url of ['ftp://h/', 'file:///etc/passwd', 'data:text/plain,x', 'javascript:1'])
    await request(url, { url });
  await request('a body that ends outside of the memory', {}, { body: PAGE - 4, bodyLength: 8 });
  await request('a body above 2 GiB', {}, { body: -8, bodyLength: 1 });
  for (const name of ['outHeaders', 'outHeadersLength', 'outBody', 'outBodyLength'] as const) {
    await request(`no place for ${name}`, {}, { [name]: 0 });
  }
  await request('what is no address, and no place for the answer', { url: 'no url' }, { outBody: 0 });
  await request('another protocol with a body outside of the memory', { url: 'ftp://h/' }, { body: -8, bodyLength: 1 });
  await expectTable('http-not-sent');
});

test('what is answered', async () => {
  guest.answers(ok);
  await request('all of it');
  await request('no status wanted', {}, { outStatus: 0 });
  await request('exactly as much as there is room for', { headersRoom: 19, bodyRoom: 5 });
  await request('less room than there are headers', { headersRoom: 6 });
  await request('less room than there is of the body', { bodyRoom: 3 });
  await request('no room', { headersRoom: 0, bodyRoom: 0 });
  await request('more room than memory', { headersRoom: 2 ** 31, bodyRoom: 2 ** 32 - 1 });
  await request('a body that would end outside of the memory', {}, { outBody: PAGE - 4 });
  await request('headers that would end outside of the memory', {}, { outHeaders: PAGE - 4 });
  await request('headers above 2 GiB', {}, { outHeaders: -8 });
  await request('the length of the body outside of the memory', {}, { outBodyLength: PAGE - 2 });
  await request('the length of the headers outside of the memory', {}, { outHeadersLength: PAGE - 2 });
  await request('the status outside of the memory', {}, { outStatus: PAGE - 2 });
  guest.answers({ ...ok, status: 503, headers: 'Ä: \xe4', body: Buffer.from([0, 0xff]) });
  await request('another status, bytes that are no text');
  guest.answers({ result: 2 });
  await request('the network fails');
  guest.answers({ result: 3 });
  await request('too late');
  guest.setLink(false);
  guest.answers(ok);
  await request('the region is cut');
  guest.setLink(true);
  await request('the region is back');
  await expectTable('http-answered');
});
