import { beforeEach, expect, test } from 'vitest';
import { HostList } from '../../lib/net/host-list.js';
import { parseSendLine } from '../../protocol/send-many.js';
import { TestClock } from '../../test/support/sensor-clock.js';
import { sendTogether } from './send-together.js';
import type { HttpAnswer, HttpRequest, HttpTransport } from './transport.js';

interface Sent {
  request: HttpRequest;
  closed: boolean;
  answer(answer: HttpAnswer): void;
}

let sent: Sent[];
let clock: TestClock;
let transport: HttpTransport;

beforeEach(() => {
  sent = [];
  clock = new TestClock();
  const base: HttpTransport = {
    send(request, done) {
      const one: Sent = { request, closed: false, answer: done };
      sent.push(one);
      return {
        close: () => {
          one.closed = true;
        },
      };
    },
    close: async () => {},
  };
  transport = sendTogether(base, clock);
});

const SEND = new URL('http://proxy:9090/send');
const allowed = new HostList(['proxy:9090']);
const ok = (body = '{"status":"accepted"}', headers = ''): HttpAnswer => ({
  ...{ result: 0, status: 200 },
  ...{ headers, body: Buffer.from(body) },
});
const status = (code: number): HttpAnswer => ({ result: 0, status: code, headers: '', body: Buffer.from('{}') });
const ADVERTISED = 'Content-Type: application/json\nX-Send-Many: 3';

/** What a guest has been answered. */
class Guest {
  answers: unknown[] = [];

  constructor(readonly name: string) {}

  send(over: Partial<HttpRequest> = {}) {
    const headers = [
      'Content-Type',
      'application/json',
      'X-Sensor-Config',
      'v=0',
      'Authorization',
      `Bearer ${this.name}`,
    ];
    const body = Buffer.from(`{"n":"${this.name}"}`);
    const own = { method: 'POST', url: SEND, headers, body, maxBodyBytes: 1, allowed, sender: this, ...over };
    return transport.send(own, (answer) =>
      this.answers.push(answer.result === 0 ? `${answer.status} ${answer.body} ${answer.headers}` : answer.result),
    );
  }
}

const guests = (...names: string[]) => names.map((name) => new Guest(name));
const last = () => sent.at(-1)!;
/** The requests that the last one is made of. */
const parts = () =>
  Buffer.from(last().request.body ?? '')
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => parseSendLine(line));

/** A proxy has said that it takes three at once. */
function known(): void {
  new Guest('first').send();
  last().answer(ok('{}', ADVERTISED));
  sent.length = 0;
}

test('requests go each by itself until the proxy says that it takes many', async () => {
  for (const guest of guests('a', 'b')) guest.send();
  expect(sent.map(({ request }) => request.url.pathname)).toEqual(['/send', '/send']);
  sent[0]!.answer(ok('{}', ADVERTISED));
  const together = guests('c', 'd');
  for (const guest of together) guest.send();
  await clock.pass(20);
  expect([sent.length, last().request.url.href]).toEqual([3, 'http://proxy:9090/send/many']);
  expect(parts()).toEqual(
    together.map(({ name }) => ({ authorization: `Bearer ${name}`, config: 'v=0', body: `{"n":"${name}"}` })),
  );
});

test('each guest gets its own answer, with the time to wait', async () => {
  known();
  const all = guests('a', 'b', 'c');
  for (const guest of all) guest.send();
  const lines = [
    '{"status":200,"body":{"a":1}}',
    '{"status":503,"retryAfter":2,"body":{}}',
    '{"status":200,"body":{"a":1}}',
  ];
  last().answer(ok(lines.map((line) => `${line}\n`).join('')));
  expect(all.map(({ answers }) => answers)).toEqual([
    ['200 {"a":1} Content-Type: application/json'],
    ['503 {} Content-Type: application/json\nRetry-After: 2'],
    ['200 {"a":1} Content-Type: application/json'],
  ]);
});

test('what comes while a request is under way waits for its answer, unless it fills another one', async () => {
  known();
  new Guest('a').send();
  await clock.pass(20);
  const later = guests('b', 'c');
  for (const guest of later) guest.send();
  await clock.pass(1_000);
  expect(sent).toHaveLength(1);
  new Guest('d').send();
  expect([sent.length, parts().length]).toEqual([2, 3]);
  new Guest('e').send();
  for (const one of [...sent]) one.answer(ok('{"status":200,"body":{}}\n'.repeat(one === sent[0] ? 1 : 3)));
  await clock.pass(20);
  expect([sent.length, parts().length]).toEqual([3, 1]);
});

test.each([
  ['a GET', { method: 'GET' }],
  ['another header', { headers: ['Content-Type', 'application/json', 'X-Other', '1'] }],
  ['another type', { headers: ['Content-Type', 'text/plain'] }],
  ['a header that a line can’t have', { headers: ['Content-Type', 'application/json', 'X-Sensor-Config', 'a"b'] }],
  ['a body of two lines', { body: Buffer.from('{"a":\n1}') }],
  ['no body', { body: undefined }],
  ['a large body', { body: Buffer.alloc(70_000, 0x20) }],
  ['another path', { url: new URL('http://proxy:9090/other') }],
  ['another address', { url: new URL('http://proxy:9090/send?x=1') }],
  ['a host that its job does not allow', { allowed: new HostList([]) }],
])('a request with %s goes by itself', (_, over) => {
  known();
  new Guest('a').send(over);
  expect([sent.length, last().request.url.pathname.endsWith('/many')]).toEqual([1, false]);
});

test('where all are refused because of one, each goes by itself, and later those that were not refused go together', async () => {
  known();
  const all = guests('a', 'wrong', 'c');
  for (const guest of all) guest.send();
  last().answer(status(403));
  expect(sent.slice(1).map(({ request }) => request.body?.toString())).toEqual([
    '{"n":"a"}',
    '{"n":"wrong"}',
    '{"n":"c"}',
  ]);
  for (const one of sent.slice(1)) one.answer(status(one.request.body?.toString().includes('wrong') ? 403 : 200));
  expect(all.map(({ answers }) => answers[0])).toEqual(['200 {} ', '403 {} ', '200 {} ']);
  sent.length = 0;
  for (const guest of all) guest.send();
  await clock.pass(20);
  expect([sent[0]?.request.body?.toString(), parts().length]).toEqual(['{"n":"wrong"}', 2]);
  // Its token is right now.
  sent[0]?.answer(status(200));
  last().answer(ok('{"status":200,"body":{}}\n'.repeat(2)));
  for (const guest of all) guest.send();
  expect(parts()).toHaveLength(3);
});

test.each([404, 405])('a proxy that takes many no longer (%d) gets each by itself', (code) => {
  known();
  for (const guest of guests('a', 'b', 'c')) guest.send();
  last().answer(status(code));
  for (const guest of guests('d', 'e', 'f')) guest.send();
  expect(sent.slice(1).every(({ request }) => request.url.href === SEND.href)).toBe(true);
  expect(sent).toHaveLength(7);
});

test.each<[string, HttpAnswer]>([
  ['a broken connection', { result: 2 }],
  ['no answer in time', { result: 3 }],
  ['a proxy that is busy', status(503)],
  ['a gateway without a proxy', status(502)],
])('%s is what each of them gets', (_, answer) => {
  known();
  const all = guests('a', 'b', 'c');
  for (const guest of all) guest.send();
  last().answer(answer);
  const expected = answer.result === 0 ? `${answer.status} {} ` : answer.result;
  expect(all.map(({ answers }) => answers)).toEqual([[expected], [expected], [expected]]);
});

test.each([
  ['fewer answers than requests', '{"status":200,"body":{}}\n'],
  ['half an answer', `${'{"status":200,"body":{}}\n'.repeat(2)}{"status":20`],
  ['something else', '<html>\n'.repeat(3)],
])('%s is no answer to any that it does not name', (_, body) => {
  known();
  const all = guests('a', 'b', 'c');
  for (const guest of all) guest.send();
  last().answer(ok(body));
  expect(all.map(({ answers }) => answers)).toEqual([[2], [2], [2]]);
});

test('what is closed is neither sent nor answered', async () => {
  known();
  const [early, late, other] = guests('a', 'b', 'c') as [Guest, Guest, Guest];
  early.send().close();
  const closing = late.send();
  other.send();
  await clock.pass(20);
  expect(parts().map((part) => part?.body)).toEqual(['{"n":"b"}', '{"n":"c"}']);
  closing.close();
  last().answer(ok('{"status":200,"body":{}}\n'.repeat(2)));
  expect([early, late, other].map(({ answers }) => answers.length)).toEqual([0, 0, 1]);
});

test('one that is closed after it went by itself is closed there', () => {
  known();
  const closings = guests('a', 'b', 'c').map((guest) => guest.send());
  last().answer(status(400));
  closings[1]?.close();
  expect(sent.slice(1).map(({ closed }) => closed)).toEqual([false, true, false]);
});

test('a guest waits no longer than it would alone, also behind a request that is not answered', async () => {
  known();
  const [first, second] = guests('a', 'b') as [Guest, Guest];
  first.send();
  await clock.pass(10_000);
  second.send();
  await clock.pass(19_999);
  expect(first.answers).toEqual([]);
  await clock.pass(1);
  expect([first.answers, second.answers]).toEqual([[3], []]);
  await clock.pass(10_000);
  expect(second.answers).toEqual([3]);
});
