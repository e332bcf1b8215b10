import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OutgoingMessage, Queue } from '../queue/queue.js';
import { createProxy, type ProxyStats } from './proxy.js';
import { MAX_ARRAY, MAX_MESSAGE_BYTES, MAX_SEND_BYTES } from './send/parse-body.js';

let queued: OutgoingMessage[];
let away: boolean;
let proxy: ReturnType<typeof createProxy>;

/** Accepts everything but a character that SQS never takes. */
const queue = {
  name: 'in memory',
  async send(messages: OutgoingMessage[]) {
    const refused = messages.map(({ body }) => body.includes('\uffff'));
    queued.push(...messages.filter((_, i) => !refused[i]));
    const invalid = { ok: false, code: 'InvalidMessageContents', reason: 'a bad character', retryable: false };
    return messages.map((_, i) => (refused[i] ? invalid : { ok: true, id: String(i) }));
  },
  async depth() {
    if (away) throw new Error("the queue can't be reached");
  },
} as unknown as Queue;

beforeEach(() => {
  queued = [];
  away = false;
  proxy = createProxy({ queue });
});

afterEach(() => proxy.drain());

async function post(body: string | object, headers: Record<string, string> = {}) {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
  const sent = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await proxy.app.request('/send', { ...init, body: sent });
  const answer = (await response.json()) as { accepted?: number; refused?: unknown[] };
  return { status: response.status, headers: response.headers, body: answer };
}

const stats = async () => (await (await proxy.app.request('/stats')).json()) as ProxyStats;

const reading = (over: object = {}) => ({
  job_id: 'j-1',
  execution_id: 'e-1',
  icon_name: '👩🏽‍🚀',
  timestamp: '2025-03-26T12:34:56.789Z',
  color: '#FF5733',
  sequence: 42,
  region: 'eu',
  job_submission_time: 1_743_000_000_000,
  hostname: 'edge-eu-1',
  ...over,
});

test("the seed's curl example, its six fields and our nine reach the queue byte for byte", async () => {
  const { hostname, region, job_submission_time, ...six } = reading();
  const bodies = [
    '{"timestamp":"2025-03-26T12:00:00Z","data":{"test":"Hello from curl!"}}',
    JSON.stringify(six),
    JSON.stringify(reading({ execution_id: 'e-2' })),
    // Spaces, the order and the way numbers and characters are written are the sender's.
    '{ "b": 1.0, "a": "\\u00e9 é 🌡️🇪🇺", "big": 12345678901234567890 }\n',
  ];
  for (const body of bodies) expect(await post(body)).toMatchObject({ body: { status: 'accepted', accepted: 1 } });
  expect(queued.map(({ body }) => body).sort()).toEqual([...bodies].sort());
});

test('an array becomes one message an element, with the sensor configuration of the request', async () => {
  const readings = Array.from({ length: MAX_ARRAY }, (_, i) => reading({ sequence: i + 1 }));
  const header = 'v=0;src=dadfn;file=none;interval=5000;paused=0';
  const answer = await post(readings, { 'x-sensor-config': header });
  expect([answer.status, answer.body]).toEqual([200, { status: 'accepted', accepted: MAX_ARRAY }]);
  const messages = queued;
  const order = (a: { sequence: number }, b: { sequence: number }) => a.sequence - b.sequence;
  expect(messages.map(({ body }) => JSON.parse(body)).sort(order)).toEqual(readings);
  expect(new Set(messages.map(({ attributes }) => attributes?.sensor_config))).toEqual(new Set([header]));
});

test.each(['~'.repeat(2401), 'v=0; src=ddddd', ''])(
  'a report of a sensor that no queue could carry is left out, and its reading is taken: %.20j',
  async (header) => {
    expect((await post(reading(), { 'x-sensor-config': header })).body).toMatchObject({ accepted: 1 });
    expect(queued.map(({ attributes }) => attributes)).toEqual([undefined]);
  },
);

test('a report of printable characters goes on, up to the longest', async () => {
  await post(reading(), { 'x-sensor-config': '~'.repeat(2400) });
  expect(queued.map(({ attributes }) => attributes?.sensor_config?.length)).toEqual([2400]);
});

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const utf8 = (text: string) => new TextEncoder().encode(text);
const exactly = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;

// What is sent, the status, the code, and what the reason must name.
const REFUSED: [string, string | Uint8Array | object, number, string, RegExp][] = [
  ['no body', '', 400, 'NOT_JSON', /JSON/],
  ['half an object', '{"a":', 400, 'NOT_JSON', /JSON/],
  ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22]), 400, 'NOT_UTF8', /UTF-8/],
  ['a cut-off emoji', utf8('{"a":"🚀"}').slice(0, 8), 400, 'NOT_UTF8', /UTF-8/],
  ['a string', '"reading"', 400, 'NOT_AN_OBJECT', /object/],
  ['a number', '5', 400, 'NOT_AN_OBJECT', /object/],
  ['null', 'null', 400, 'NOT_AN_OBJECT', /object/],
  ['an empty array', [], 400, 'EMPTY_ARRAY', /no message/],
  ['a long array', Array(MAX_ARRAY + 1).fill({}), 413, 'TOO_MANY', /101.*100/],
  ['deep nesting', JSON.parse('{"a":'.repeat(102) + 1 + '}'.repeat(102)), 422, 'TOO_DEEP', /100/],
  ['a long message', exactly(MAX_MESSAGE_BYTES + 1), 413, 'TOO_LARGE', /262145.*262144/],
  ['a message that is long in bytes', { a: 'ü'.repeat(MAX_MESSAGE_BYTES / 2) }, 413, 'TOO_LARGE', /at most 262144/],
  ...['job_id', 'execution_id', 'icon_name', 'timestamp', 'color', 'region', 'hostname'].map(
    (field): [string, object, number, string, RegExp] => [
      `${field} as a number`,
      reading({ [field]: 7 }),
      422,
      'BAD_FIELD',
      new RegExp(`^${field} .*string`),
    ],
  ),
  ...['sequence', 'job_submission_time'].flatMap((field) =>
    ['1', 1.5, -1, null, 2 ** 53].map((value): [string, object, number, string, RegExp] => [
      `${field} as ${JSON.stringify(value)}`,
      reading({ [field]: value }),
      422,
      'BAD_FIELD',
      new RegExp(`^${field} .*integer`),
    ]),
  ),
  ['a colour by name', reading({ color: 'red' }), 422, 'BAD_FIELD', /^color /],
  ['a time without zone', reading({ timestamp: '2025-03-26T12:00:00' }), 422, 'BAD_FIELD', /^timestamp .*zone/],
  ['no time', reading({ timestamp: 'yesterday' }), 422, 'BAD_FIELD', /^timestamp /],
  ['a month 13', reading({ timestamp: '2025-13-01T00:00:00Z' }), 422, 'BAD_FIELD', /^timestamp /],
  ['a time in two days', reading({ timestamp: inDays(2) }), 422, 'BAD_FIELD', /^timestamp .*day ahead/],
  ['text that SQS never takes', '{"a":"\uffff"}', 422, 'InvalidMessageContents', /./],
];

test.each(REFUSED)('%s is refused', async (_, body, status, code, reason) => {
  const answer = await post(body);
  const text = expect.stringMatching(reason);
  expect([answer.status, answer.body]).toEqual([status, { error: { code, message: text, reason: text } }]);
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect((await stats()).refused).toEqual({ [code]: 1 });
  expect(queued).toEqual([]);
});

test.each([
  ['as long as allowed', exactly(MAX_MESSAGE_BYTES)],
  ['almost a day ahead', reading({ timestamp: inDays(0.99) })],
  ['of long ago, with an offset', reading({ timestamp: '1999-12-31T23:59:59+05:30' })],
  ['without any known field', {}],
  ['nested as deep as allowed', JSON.parse('{"a":'.repeat(100) + 1 + '}'.repeat(100))],
  ['after a byte order mark', '\ufeff{}'],
  ['with a member twice, of which the last counts', '{"color":"no","color":"#000000"}'],
])('a message %s is accepted', async (_, body) => {
  expect((await post(body)).body).toEqual({ status: 'accepted', accepted: 1 });
});

test('a body of more than 1 MiB is refused unread, announced or not', async () => {
  const announced = await post('{}', { 'content-length': String(MAX_SEND_BYTES + 1) });
  expect([announced.status, announced.body]).toMatchObject([413, { error: { code: 'TOO_LARGE' } }]);
  let pulled = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(1_048_576));
    },
  });
  const init = { method: 'POST', body: endless, duplex: 'half' as const };
  expect((await proxy.app.request('/send', init)).status).toBe(413);
  expect(pulled).toBeLessThan(MAX_SEND_BYTES / 1_048_576 + 5);
});

test('a body is read as JSON whatever its type is called, so that curl needs no header', async () => {
  for (const headers of [
    {},
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
  ]) {
    expect((await proxy.app.request('/send', { method: 'POST', headers, body: '{}' })).status).toBe(200);
  }
});

test('one element that is nested too deep refuses the whole array: nothing of it was taken apart', async () => {
  const deep = JSON.parse('{"a":'.repeat(101) + 1 + '}'.repeat(101));
  expect(await post([reading(), deep])).toMatchObject({ status: 422, body: { error: { code: 'TOO_DEEP' } } });
  expect(queued).toEqual([]);
});

test('a body that is compressed is refused, and counted', async () => {
  const answer = await post('{}', { 'content-encoding': 'gzip' });
  expect([answer.status, answer.body]).toMatchObject([415, { error: { code: 'BODY_ENCODED' } }]);
  expect((await stats()).refused).toEqual({ BODY_ENCODED: 1 });
  expect((await post('{}', { 'content-encoding': 'identity' })).status).toBe(200);
});

test('readings of regions beyond the limit are refused and counted, alone and in an array', async () => {
  for (let n = 0; n < 50; n++) await post(reading({ region: `r${n}`, hostname: `h${n}`, execution_id: `e${n}` }));
  expect(await post(reading({ region: 'new' }))).toMatchObject({
    ...{ status: 422, body: { error: { code: 'TOO_MANY_REGIONS' } } },
  });
  const some = await post([reading({ region: 'new' }), 5, reading({ region: 'r7', hostname: 'h7' })]);
  expect(some.body).toMatchObject({
    accepted: 1,
    refused: [
      { index: 0, code: 'TOO_MANY_REGIONS' },
      { index: 1, code: 'NOT_AN_OBJECT' },
    ],
  });
  expect((await stats()).refused).toEqual({ TOO_MANY_REGIONS: 2, NOT_AN_OBJECT: 1 });
});

test('a bad element refuses only itself, with its index', async () => {
  const answer = await post([reading({ sequence: 1 }), 5, reading({ color: 1 }), { a: '\uffff' }, reading()]);
  expect([answer.status, answer.body]).toEqual([
    207,
    {
      status: 'partial',
      accepted: 2,
      refused: [
        { index: 1, code: 'NOT_AN_OBJECT', reason: expect.any(String) },
        { index: 2, code: 'BAD_FIELD', reason: expect.stringMatching(/^color/) },
        { index: 3, code: 'InvalidMessageContents', reason: expect.any(String) },
      ],
    },
  ]);
  expect(queued.map(({ body }) => JSON.parse(body).sequence).sort()).toEqual([1, 42]);
  expect(await stats()).toMatchObject({
    received: 5,
    accepted: 2,
    refused: { NOT_AN_OBJECT: 1, BAD_FIELD: 1, InvalidMessageContents: 1 },
  });
  // One alone counts like one of many.
  expect((await post(reading({ color: 1 }))).status).toBe(422);
  expect(await stats()).toMatchObject({ received: 6, refused: { BAD_FIELD: 2 } });
});

test('an array of nothing but bad elements is partial with none accepted', async () => {
  const answer = await post([1, 2]);
  expect([answer.status, answer.body.accepted, answer.body.refused?.length]).toEqual([207, 0, 2]);
});

test('readings of a superseded submission are counted and not queued', async () => {
  const at = (job_submission_time: number, over: object = {}) => reading({ job_submission_time, ...over });
  expect((await post(at(2000))).body).toEqual({ status: 'accepted', accepted: 1 });
  expect((await post(at(1000))).body).toEqual({ status: 'superseded' });
  // Before Bacalhau 1.8 every submission of a job has an id of its own.
  expect((await post(at(1000, { job_id: 'j-2' }))).body).toEqual({ status: 'superseded' });
  expect((await post([at(1000), at(2000), at(1999)])).body).toEqual({ status: 'accepted', accepted: 1, superseded: 2 });
  // Another host, another job, and a submission that nobody knows the time of are nobody's predecessors.
  for (const other of [
    at(1000, { hostname: 'edge-eu-2', execution_id: 'e-2' }),
    at(1000, { region: 'us' }),
    at(0),
    { data: 1 },
  ]) {
    expect((await post(other)).body).toEqual({ status: 'accepted', accepted: 1 });
  }
  expect((await post(at(3000))).body).toEqual({ status: 'accepted', accepted: 1 });
  expect((await post(at(2000))).body).toEqual({ status: 'superseded' });
  expect(await stats()).toMatchObject({ received: 12, accepted: 7, superseded: 5, refused: {} });
  expect(queued).toHaveLength(7);
});

test('other paths and methods are refused with JSON, and counted', async () => {
  for (const [method, path] of [
    ['GET', '/send'],
    ['POST', '/'],
    ['POST', '/send/'],
    ['POST', '/Send'],
    ['PUT', '/health'],
  ]) {
    const response = await proxy.app.request(path!, { method: method! });
    expect([response.status, await response.json()]).toEqual([
      404,
      {
        error: expect.objectContaining({ code: 'NO_SUCH_PATH', message: expect.stringContaining(`${method} ${path}`) }),
      },
    ]);
  }
  expect((await stats()).refused).toEqual({ NO_SUCH_PATH: 5 });
});

test('it is ready when the queue answers, and says what is wrong when it does not; its health is its own', async () => {
  const ask = async (path: string) => {
    const response = await proxy.app.request(path);
    return [response.status, await response.json()];
  };
  expect(await ask('/ready')).toEqual([200, { status: 'ready', queue: queue.name }]);
  away = true;
  expect(await ask('/ready')).toEqual([
    503,
    { status: 'not ready', reason: expect.stringContaining("can't be reached") },
  ]);
  expect(await ask('/health')).toEqual([200, { status: 'healthy' }]);
  expect((await proxy.app.request('/health', { method: 'HEAD' })).status).toBe(200);
});

test('a clock that is set back slows no sender down', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    proxy = createProxy({ queue, guard: { rateLimit: 1000 } });
    await post(reading());
    vi.setSystemTime(Date.now() - 3_600_000);
    expect((await post(reading({ sequence: 43 }))).status).toBe(200);
  } finally {
    vi.useRealTimers();
  }
});
