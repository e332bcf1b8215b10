/** What a relay forwards, in which order, and what it keeps when upstream is away, slow, or answers otherwise. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseRelayedLine, parseRelayReport } from '../protocol/relay.js';
import { type ForwardEvent, Forwarder, type ForwarderOptions } from './forwarder.js';
import { RelayBuffer } from './relay-buffer.js';

/** What counts as live is a matter of real time, which a busy machine may take away. */
const BY_TIME = { retry: 1 };
/** Milliseconds: longer than any test takes. */
const NEVER = 60_000;

let folder: string;
let buffer: RelayBuffer;
let events: ForwardEvent[];
let stop: AbortController;
let running: Promise<void> | undefined;
/** Requests that upstream has got, as the numbers of their readings. */
let requests: number[][];
let headers: Headers[];
let answer: (numbers: number[]) => Response | Promise<Response>;

const accepted = (numbers: number[]) => Response.json({ status: 'accepted', accepted: numbers.length });
const take = (count: number, from = 1) =>
  buffer.send(Array.from({ length: count }, (_, i) => ({ body: `{"n":${from + i}}` })));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forwarder-'));
  buffer = new RelayBuffer(join(folder, 'relay.db'), 1e9, () => {});
  events = [];
  requests = [];
  headers = [];
  answer = accepted;
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await running;
  buffer.close();
  rmSync(folder, { recursive: true });
});

/** `timeoutMs`: for an answer. */
function start(timeoutMs = 10_000, times: Partial<ForwarderOptions['times']> = {}): Forwarder {
  const forwarder = new Forwarder({
    buffer,
    ...{ upstream: 'http://up', token: 'secret', region: 'eu', name: 'site' },
    times: {
      every: 1,
      live: 100,
      slow: 120,
      idle: 5,
      longestPause: 300,
      refused: 10,
      liveTimeout: timeoutMs,
      backlogTimeout: timeoutMs,
      ...times,
    },
    onEvent: (event) => events.push(event),
    async fetch(_url, init) {
      const lines = gunzipSync(init.body as Uint8Array)
        .toString()
        .trimEnd()
        .split('\n');
      const numbers = lines.map((line) => JSON.parse(parseRelayedLine(line)!.text).n);
      requests.push(numbers);
      headers.push(new Headers(init.headers));
      const gone = new Promise<never>((_, reject) => {
        init.signal?.addEventListener('abort', () => reject(new Error('no answer in time')));
      });
      return Promise.race([answer(numbers), gone]);
    },
  });
  running = forwarder.run(stop.signal);
  return forwarder;
}

const emptied = () => vi.waitFor(() => expect(buffer.count).toBe(0), { timeout: 10_000 });

test('of an answer without end no more is read than a proxy says', async () => {
  let sent = 0;
  const body = () =>
    new ReadableStream({
      pull(controller) {
        sent += 1_048_576;
        controller.enqueue(new Uint8Array(1_048_576));
      },
    });
  answer = () => new Response(body());
  await take(1);
  const forwarder = start();
  await vi.waitFor(() => expect(forwarder.problem).toMatch('longer than'));
  stop.abort();
  await running;
  expect(sent / requests.length).toBeLessThan(12 * 1_048_576);
  expect(buffer.count).toBe(1);
});

test('many readings are one request, compressed, with the token and what the relay says about itself', async () => {
  await take(500);
  const forwarder = start();
  await emptied();
  expect(requests).toEqual([Array.from({ length: 500 }, (_, i) => i + 1)]);
  expect([headers[0]!.get('authorization'), headers[0]!.get('content-encoding')]).toEqual(['Bearer secret', 'gzip']);
  expect(parseRelayReport(headers[0]!.get('x-relay')!)).toMatchObject({
    name: 'site',
    region: 'eu',
    backlog: 0,
    max: 1e9,
  });
  expect([forwarder.counts, forwarder.problem, events]).toEqual([{ forwarded: 500, refused: 0 }, undefined, []]);
});

test('what waits at the start goes in order, and what comes meanwhile does not wait behind it', async () => {
  const body = (n: number) => `{"n":${n},"x":"${'x'.repeat(9_000)}"}`;
  for (let n = 1; n <= 600; n++) void buffer.send([{ body: body(n) }]);
  await vi.waitFor(() => expect(buffer.count).toBe(600));
  let isHeld = true;
  answer = async (numbers) => {
    if (numbers[0]! <= 600) while (isHeld) await sleep(1);
    return accepted(numbers);
  };
  start(10_000, { slow: NEVER });
  await vi.waitFor(() => expect(requests.length).toBe(1));
  await take(1, 1001);
  await vi.waitFor(() => expect(requests.at(-1)).toEqual([1001]));
  isHeld = false;
  await emptied();
  const backlog = requests.flat().filter((n) => n <= 600);
  expect(backlog).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
  expect(requests.length).toBeGreaterThan(5);
});

test.each([
  ['refuses the connection', () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }))],
  ['is busy', () => Response.json({ error: { code: 'QUEUE_SLOW', message: 'slow' } }, { status: 503 })],
  ['refuses the token', () => Response.json({ error: { code: 'TOKEN_WRONG', message: 'no' } }, { status: 403 })],
  ['never answers', () => new Promise<never>(() => {})],
  ['is no proxy', () => new Response('<html>sign in</html>', { status: 200 })],
  ['has taken only half', () => Response.json({ status: 'accepted', accepted: 1 })],
  ['ends its answer too early', () => new Response('{"status":"acce')],
])('nothing is lost while upstream %s', async (_, fail) => {
  await take(3);
  answer = fail;
  const forwarder = start(50);
  await vi.waitFor(() => expect(requests.length).toBeGreaterThan(2));
  expect([buffer.count, forwarder.problem, events.length]).toEqual([3, expect.any(String), 1]);
  answer = accepted;
  await emptied();
  expect(requests.at(-1)).toEqual([1, 2, 3]);
  expect(events).toMatchObject([{ type: 'relay.upstream-failing' }, { type: 'relay.upstream-recovered' }]);
});

test('each reason of a dead link is reported once', async () => {
  let tries = 0;
  answer = () => Promise.reject(new Error(++tries % 2 ? 'reset' : 'closed'));
  await take(1);
  start();
  await vi.waitFor(() => expect(tries).toBeGreaterThan(5));
  answer = accepted;
  await emptied();
  expect(events.map((event) => ('message' in event ? event.message : event.type))).toEqual([
    'reset',
    'closed',
    'relay.upstream-recovered',
  ]);
});

test('what upstream refuses for good is given up and counted; what it refuses for now is sent again', async () => {
  answer = (numbers) => {
    const codes: Record<number, string> = { 2: 'BAD_FIELD', 3: 'TOO_MANY_SENSORS' };
    const refused = numbers.flatMap((n, index) => (codes[n] ? [{ index, code: codes[n], reason: 'why' }] : []));
    return Response.json({ accepted: numbers.length - refused.length, refused }, { status: 207 });
  };
  await take(4);
  const forwarder = start();
  await vi.waitFor(() => expect(buffer.count).toBe(1));
  expect(events).toEqual([{ type: 'relay.given-up', count: 1, code: 'BAD_FIELD', reason: 'why' }]);
  answer = accepted;
  await vi.waitFor(() => expect(buffer.count).toBe(0), { timeout: 10_000 });
  expect([requests.at(-1), forwarder.counts]).toEqual([[3], { forwarded: 3, refused: 1 }]);
});

test('after an outage new readings come at once, and the backlog in order', async () => {
  answer = () => Promise.reject(new Error('away'));
  start();
  await take(5);
  // Longer than a reading counts as live.
  await vi.waitFor(() => expect(buffer.ageAfter(0)).toBeGreaterThan(150));
  await take(1, 6);
  let isHeld = true;
  answer = async (numbers) => {
    if (numbers[0] === 1) while (isHeld) await sleep(1);
    return accepted(numbers);
  };
  try {
    let next = 7;
    const isLive = async () => {
      // On a busy machine the one before may have become backlog.
      await take(1, next++);
      expect(requests.some(([first = 0]) => first > 5)).toBe(true);
    };
    await vi.waitFor(isLive, { timeout: 5_000 });
  } finally {
    isHeld = false;
  }
  await emptied();
});

test('what live requests without an answer held stays live', BY_TIME, async () => {
  for (let n = 1; n <= 600; n++) void buffer.send([{ body: `{"n":${n},"x":"${'x'.repeat(30_000)}"}` }]);
  await vi.waitFor(() => expect(buffer.count).toBe(600));
  let tries = 0;
  answer = (numbers) => {
    if (numbers[0]! > 600) tries++;
    // In the end it has waited for longer than what is live where upstream is away.
    if (tries > 0 && tries <= 3) return new Promise<never>(() => {});
    return Response.json({ accepted: numbers.length, queued: 40_000 });
  };
  start(250, { live: 400, slow: NEVER, longestPause: 100 });
  await vi.waitFor(() => expect(requests.length).toBe(1));
  await take(1, 1001);
  await emptied();
  expect(tries).toBe(4);
  expect(requests.findLastIndex(([first]) => first === 1001)).toBeLessThan(requests.length - 1);
});

test('what comes does not wait behind many that came shortly before', BY_TIME, async () => {
  const many = 26_000;
  let areOld = false;
  let isHeld = true;
  answer = async (numbers) => {
    // All but the newest 10,000 are backlog.
    const waits = areOld && numbers[0]! <= many - 10_000 ? () => isHeld : () => !areOld;
    while (waits()) await sleep(1);
    return accepted(numbers);
  };
  start(10_000, { slow: NEVER });
  const text = 'x'.repeat(150);
  await buffer.send(Array.from({ length: many }, (_, i) => ({ body: `{"n":${i + 1},"x":"${text}"}` })));
  // Longer than a reading counts as live.
  await vi.waitFor(() => expect(buffer.ageAfter(many - 1)).toBeGreaterThan(150));
  areOld = true;
  await take(1, many + 1);
  const isSent = () => expect(requests.some((numbers) => numbers.includes(many + 1))).toBe(true);
  try {
    await vi.waitFor(isSent, { timeout: 10_000 });
    expect(buffer.count).toBeGreaterThan(1_000);
  } finally {
    isHeld = false;
  }
  await emptied();
  expect(requests.flat().length).toBe(many + 1);
});

test('while the queue upstream is long, the backlog waits, and what comes does not', async () => {
  for (let n = 1; n <= 300; n++) void buffer.send([{ body: `{"n":${n},"x":"${'x'.repeat(9_000)}"}` }]);
  await vi.waitFor(() => expect(buffer.count).toBe(300));
  answer = (numbers) => Response.json({ accepted: numbers.length, queued: 40_000 });
  start(10_000, { slow: NEVER });
  await vi.waitFor(() => expect(requests.length).toBe(1));
  await take(1, 1001);
  await vi.waitFor(() => expect(requests.length).toBe(2));
  expect(requests[1]).toEqual([1001]);
  await emptied();
});
