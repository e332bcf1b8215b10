/** `http_request` as Bacalhau gives it: pkg/executor/wasm/funcs/http/http.go of v1.9.3 is what these follow. */
import { beforeEach, describe, expect, it } from 'vitest';
import { GuestMemory } from './guest-memory.js';
import { type HttpArguments, readRequest, writeAnswer } from './http-request.js';

const URL_AT = 100;
const HEADERS_AT = 400;
const BODY_AT = 800;
const OUT = { headers: 2000, headersLength: 1900, body: 3000, bodyLength: 1904, status: 1908 };
const CAPACITY = 65_536;

let memory: GuestMemory;
beforeEach(() => {
  memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
});

function put(at: number, text: string): number {
  return Buffer.from(memory.bytes.buffer).write(text, at);
}

function call(method: number, url: string, headers = '', body = ''): number[] {
  const lengths = [put(URL_AT, url), put(HEADERS_AT, headers), put(BODY_AT, body)] as const;
  return [
    ...[method, URL_AT, lengths[0], HEADERS_AT, lengths[1], BODY_AT, lengths[2]],
    ...[OUT.headers, OUT.headersLength, OUT.body, OUT.bodyLength, OUT.status],
  ];
}

describe('reading a request', () => {
  it.each([...['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'].entries()])(
    'method %i is %s',
    (number, method) => {
      expect(readRequest(memory, call(number, 'http://h/'))).toMatchObject({ method });
    },
  );

  it('takes an unknown method for GET', () => {
    expect(readRequest(memory, call(7, 'http://h/'))).toMatchObject({ method: 'GET' });
  });

  it('reads URL, headers and body; Go sets some headers itself', () => {
    const headers = 'A: 1\n  b :  x: y \nno colon\n\nHost: evil\nContent-Length: 99\nTRANSFER-ENCODING: x\nA: 2';
    const request = readRequest(memory, call(1, 'http://h:8080/p?q=ä', headers, 'böd'));
    expect(request).toMatchObject({ headers: ['A', '1', 'b', 'x: y', 'A', '2'], body: Buffer.from('böd') });
    expect((request as { url: URL }).url.href).toBe('http://h:8080/p?q=%C3%A4');
  });

  it('has no body when it is empty', () => {
    expect(readRequest(memory, call(1, 'http://h/'))).toMatchObject({ body: undefined, headers: [] });
  });

  it.each([7, 8, 9, 10])('needs every pointer for the answer (argument %i)', (index) => {
    const args = call(0, 'http://h/');
    args[index] = 0;
    expect(readRequest(memory, args)).toBe(6);
  });

  it('refuses what is no URL (1), or lies outside of the memory', () => {
    expect(readRequest(memory, call(0, 'no url'))).toBe(1);
    const args = call(0, 'http://h/');
    expect(readRequest(memory, args.with(2, CAPACITY))).toBe(1);
    expect(readRequest(memory, args.with(5, CAPACITY).with(6, 1))).toBe(6);
  });

  it('refuses a URL and headers that are longer than any server takes', () => {
    memory = new GuestMemory(new WebAssembly.Memory({ initial: 4 }));
    const args = call(0, 'http://h/').with(3, 100_000).with(5, 200_000);
    memory.bytes.fill(0x61, 100_000, 200_000);
    expect(readRequest(memory, args.with(4, 65_536))).toMatchObject({ method: 'GET' });
    expect(readRequest(memory, args.with(4, 65_537))).toBe(6);
    expect(readRequest(memory, args.with(2, 16_385))).toBe(1);
  });

  it('takes an answer of four fifths of the memory, and of 64 KiB at least', () => {
    const most = (pages: number) => {
      memory = new GuestMemory(new WebAssembly.Memory({ initial: pages }));
      return (readRequest(memory, call(0, 'http://h/')) as { maxBodyBytes: number }).maxBodyBytes;
    };
    expect([most(1), most(2), most(10)]).toEqual([65_536, 104_857, 524_288]);
  });

  it('keeps the addresses of different calls apart, however many there are', () => {
    const hosts = Array.from({ length: 1100 }, (_, i) => `http://h${i}/`);
    const read = () => hosts.map((url) => (readRequest(memory, call(0, url)) as { url: URL }).url.href);
    expect(read()).toEqual(hosts);
    expect(read()).toEqual(hosts);
  });

  it('cannot speak other protocols (2)', () => {
    expect(readRequest(memory, call(0, 'ftp://h/'))).toBe(2);
  });
});

describe('writing an answer', () => {
  const answer = { result: 0, status: 418, headers: 'A: 1\nB: 2', body: Buffer.from('hello') } as const;
  const cells = OUT;
  const argumentsFor = (into: typeof cells): HttpArguments => [
    ...Array(7).fill(0),
    into.headers,
    into.headersLength,
    into.body,
    into.bodyLength,
    into.status,
  ];

  function write(headersCapacity: number, bodyCapacity: number, into = cells) {
    memory.view.setUint32(OUT.headersLength, headersCapacity, true);
    memory.view.setUint32(OUT.bodyLength, bodyCapacity, true);
    const result = writeAnswer(memory, argumentsFor(into), answer);
    const lengths = [OUT.headersLength, OUT.bodyLength].map((at) => memory.view.getUint32(at, true));
    return {
      result,
      status: memory.view.getUint32(OUT.status, true),
      headers: memory.text(OUT.headers, lengths[0]!),
      body: memory.text(OUT.body, lengths[1]!),
    };
  }

  it('gives status, headers, body and their lengths', () => {
    expect(write(100, 100)).toEqual({ result: 0, status: 418, headers: 'A: 1\nB: 2', body: 'hello' });
  });

  it('cuts off to the capacities without a word', () => {
    expect(write(6, 3)).toEqual({ result: 0, status: 418, headers: 'A: 1\nB', body: 'hel' });
    expect(memory.bytes[OUT.body + 3]).toBe(0);
    expect(write(0, 0)).toMatchObject({ result: 0, headers: '', body: '' });
  });

  it('leaves the status out where it is not wanted', () => {
    expect(write(100, 100, { ...cells, status: 0 })).toMatchObject({ result: 0, status: 0 });
  });

  it('fails when the memory does not hold it (7)', () => {
    expect(write(100, 100, { ...cells, body: CAPACITY - 2 }).result).toBe(7);
    expect(write(100, 100, { ...cells, status: CAPACITY - 2 }).result).toBe(7);
  });

  it('passes on why there was none', () => {
    expect(writeAnswer(memory, argumentsFor(cells), { result: 3 })).toBe(3);
  });
});
