/** `POST /relay`: who may send what for whom, and that single readings are checked as `/send` checks them. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { formatRelayReport, parseRelayedLine, relayedLine } from '../protocol/relay.js';
import { relayTokenOf, sensorTokenOf } from '../protocol/sensor-token.js';
import { shardOf } from '../protocol/shard.js';
import { unpackedLines } from '../queue/packed.js';
import type { OutgoingMessage, SendResult } from '../queue/queue.js';
import { desiredConfigStore } from './desired-config-store.js';
import { createProxy, type GuardOptions } from './proxy.js';

const KEY = 'k'.repeat(32);
const REPORTED = 'v=5;src=ddddd;file=none;interval=1000;paused=0';

const reading = (over: object = {}) => ({
  ...{ job_id: 'j', execution_id: 'e-1', icon_name: '🚀', color: '#ff5733', region: 'eu', sequence: 1, hostname: 'h' },
  ...{ timestamp: new Date().toISOString(), job_submission_time: 1, ...over },
});

function proxyWith(guard: GuardOptions = { sensorKeys: [{ key: KEY }] }, { pack = false, refuse = '\n\n' } = {}) {
  const queued: OutgoingMessage[] = [];
  const desired = desiredConfigStore();
  const queue = {
    name: 'q',
    async send(messages: OutgoingMessage[]) {
      queued.push(...messages.filter(({ body }) => !body.includes(refuse)));
      return messages.map(
        ({ body }): SendResult =>
          body.includes(refuse)
            ? { ok: false, code: 'Invalid', reason: 'why', retryable: false }
            : { ok: true, id: '' },
      );
    },
    depth: async () => ({ visible: 0, inFlight: 0, delayed: 0 }),
  };
  const { app } = createProxy({ queue, desired, guard, pack });
  async function post(body: string | Uint8Array, token?: string, headers: Record<string, string> = {}) {
    const init = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers };
    const response = await app.request('/relay', {
      method: 'POST',
      body: new Uint8Array(Buffer.from(body)),
      headers: init,
    });
    const answer = (await response.json()) as { accepted?: number; refused?: { index: number; code: string }[] };
    return { httpStatus: response.status, ...answer };
  }
  return { queued, desired, post, app };
}

const lines = (...readings: (object | string)[]) =>
  readings.map((one) => (typeof one === 'string' ? one : relayedLine({ text: JSON.stringify(one) }))).join('');
const token = relayTokenOf(KEY, 'eu');
const gzipped = { 'content-encoding': 'gzip' };

test('readings reach the queue byte for byte, each with what its sensor reported, the first with the report of the relay', async () => {
  const { queued, post, desired } = proxyWith();
  const texts = [`{ "region":"eu", ${JSON.stringify(reading()).slice(1)}`, JSON.stringify(reading({ sequence: 2 }))];
  const body = relayedLine({ text: texts[0]!, reported: REPORTED }) + relayedLine({ text: texts[1]! });
  const report = formatRelayReport({
    ...{ name: 'a', region: 'eu', at: 1, backlog: 2 },
    oldest: 3,
    bytes: 4,
    max: 5,
    refused: 6,
  });
  expect(await post(gzipSync(body), token, { ...gzipped, 'x-relay': report })).toMatchObject({
    status: 'accepted',
    accepted: 2,
  });
  expect(queued).toEqual([
    { body: texts[0], attributes: { sensor_config: REPORTED, relay: report } },
    { body: texts[1] },
  ]);
  expect(desired.newestKnown).toBe(5);
});

test('with --pack readings go many in a message, others single; what the queue refuses of a pack is refused by itself', async () => {
  const { post, queued } = proxyWith({ sensorKeys: [{ key: KEY }] }, { pack: true, refuse: 'bad' });
  const report = formatRelayReport({
    ...{ name: 'a', region: 'eu', at: 1, backlog: 2 },
    oldest: 3,
    bytes: 4,
    max: 5,
    refused: 6,
  });
  const readings = Array.from({ length: 200 }, (_, i) =>
    JSON.stringify(reading({ sequence: i + 1, x: 'x'.repeat(200) })),
  );
  const own = readings.map((text) => relayedLine({ text, reported: REPORTED })).join('');
  const answer = await post(`${own}{"reading":{"data":1}}\n`, token, { 'x-relay': report });
  expect(answer).toMatchObject({ accepted: 201 });
  const packs = queued.filter(({ attributes }) => attributes?.packed === 'readings+gzip');
  const kept = packs.flatMap(({ attributes, body }) => unpackedLines(attributes?.packed, body));
  expect([kept.map((line) => `${line}\n`).join('') === own, packs[0]?.attributes?.relay]).toEqual([true, report]);
  expect(queued.length).toBe(packs.length + 1);
  expect(Math.max(...packs.map(({ body }) => Buffer.byteLength(body)))).toBeLessThan(64 * 1024);
  const mixed = lines(reading({ sequence: 300 }), reading({ sequence: 301, x: 'bad' }));
  expect(await post(mixed, token)).toMatchObject({ accepted: 1, refused: [{ index: 1, code: 'Invalid' }] });
});

test.each([
  ['nobody', undefined, 401, 'TOKEN_MISSING'],
  ['a host', sensorTokenOf(KEY, 'h'), 403, 'TOKEN_WRONG'],
  ['a host that is called like a relay', sensorTokenOf(KEY, 'relay:eu'), 403, 'TOKEN_WRONG'],
  ['a relay of another key', relayTokenOf('x'.repeat(32), 'eu'), 403, 'TOKEN_WRONG'],
])('%s is no relay', async (_, wrong, status, code) => {
  const { post, queued } = proxyWith();
  expect(await post(lines(reading()), wrong)).toMatchObject({ httpStatus: status, error: { code } });
  expect(queued).toEqual([]);
});

test('the token of a relay is none of a host, but it reads the configuration', async () => {
  const { app } = proxyWith();
  const headers = { authorization: `Bearer ${token}` };
  const body = JSON.stringify(reading());
  expect((await app.request('/send', { method: 'POST', body, headers })).status).toBe(403);
  expect((await app.request('/config', { headers })).status).toBe(200);
});

test('whoever has the shared token may relay; and anybody, where senders need none', async () => {
  const shared = proxyWith({ sensorToken: 'shared' });
  expect(await shared.post(lines(reading()), 'shared')).toMatchObject({ accepted: 1 });
  expect(await proxyWith({}).post(lines(reading()))).toMatchObject({ accepted: 1 });
});

test('a reading that may not be sent is refused by itself', async () => {
  const { post, queued } = proxyWith();
  const wrong = [
    ['WRONG_REGION', reading({ region: 'us' })],
    ['WRONG_REGION', reading({ region: undefined })],
    // Messages of no sensor are stored, too.
    ['WRONG_REGION', reading({ region: 'us', execution_id: '' })],
    ['WRONG_REGION', { region: 'us' }],
    ['WRONG_REGION', { hostname: 'edge-us-1' }],
    ['BAD_FIELD', reading({ color: 'red' })],
    ['NOT_JSON', '{"reading":{]}\n'],
    ['NOT_JSON', 'hello\n'],
    ['NOT_AN_OBJECT', '{"reading":5}\n'],
    ['TOO_DEEP', `{"reading":{"a":${'['.repeat(200)}${']'.repeat(200)}}}\n`],
    ['SUBMISSION_AHEAD', reading({ job_submission_time: Date.now() + 3_600_000 })],
    ['TOO_LARGE', reading({ x: 'x'.repeat(300_000) })],
  ] as const;
  const answer = await post(lines(reading(), ...wrong.map(([, one]) => one)), token);
  expect(answer.refused?.map(({ index, code }) => [index, code])).toEqual(wrong.map(([code], i) => [i + 1, code]));
  expect([answer.accepted, queued.length]).toEqual([1, 1]);
});

test('a host with a token of its own is sent for by the relay of its region only', async () => {
  const { post, app } = proxyWith();
  const headers = { authorization: `Bearer ${sensorTokenOf(KEY, 'h')}` };
  const direct = { method: 'POST', headers, body: JSON.stringify(reading()) };
  expect((await app.request('/send', direct)).status).toBe(200);
  expect(await post(lines(reading({ sequence: 2 })), token)).toMatchObject({ accepted: 1 });
  const spoofed = lines(reading({ region: 'us', sequence: 3 }));
  expect(await post(spoofed, relayTokenOf(KEY, 'us'))).toMatchObject({ refused: [{ code: 'WRONG_HOST' }] });
});

test('what an older submission has taken is not dropped when it comes after the newer one: its relay has judged that', async () => {
  const { post } = proxyWith();
  const newer = reading({ job_submission_time: 2_000, execution_id: 'e-2' });
  expect(await post(lines(newer, reading({ job_submission_time: 1_000 })), token)).toMatchObject({ accepted: 2 });
});

test('no body inflates beyond its bound, and none that is too large is taken', async () => {
  const { post } = proxyWith();
  const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20));
  const began = performance.now();
  expect(await post(bomb, token, gzipped)).toMatchObject({ error: { code: 'TOO_LARGE' } });
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(await post('x'.repeat(1_100_000), token)).toMatchObject({ error: { code: 'TOO_LARGE' } });
  expect(await post('{"reading":{}}\n'.repeat(10_001), token)).toMatchObject({ error: { code: 'TOO_MANY' } });
  expect(await post('no gzip', token, gzipped)).toMatchObject({ error: { code: 'BODY_ENCODED' } });
  expect(await post(lines(reading()), token, { 'content-encoding': 'br' })).toMatchObject({
    error: { code: 'BODY_ENCODED' },
  });
});

test('a relay does not send for a host that only another region has named', async () => {
  const { post } = proxyWith();
  expect(await post(lines(reading({ region: 'us' })), relayTokenOf(KEY, 'us'))).toMatchObject({ accepted: 1 });
  const spoofed = lines(reading({ sequence: 2 }), reading({ sequence: 3, execution_id: 'e-2' }));
  const WRONG_HOST = { code: 'WRONG_HOST' };
  expect(await post(spoofed, token)).toMatchObject({ accepted: 0, refused: [WRONG_HOST, WRONG_HOST] });
});

test('the report of a relay of another region is not passed on', async () => {
  const { queued, post } = proxyWith();
  const numbers = { at: 1, backlog: 2, oldest: 3, bytes: 4, max: 5, refused: 6 };
  await post(lines(reading()), token, { 'x-relay': formatRelayReport({ name: 'a', region: 'us', ...numbers }) });
  expect(queued).toEqual([{ body: expect.any(String) }]);
});

test('a small body of many values is not held in memory as a large one: what is beyond the bound is sent again', async () => {
  const { post, queued } = proxyWith();
  const many = `{"reading":{"a":[${'[],'.repeat(40_000)}[]]}}\n`;
  const { accepted, refused } = await post(gzipSync(many.repeat(10)), token, gzipped);
  expect([accepted, refused?.map(({ code }) => code), queued.length]).toEqual([1, Array(9).fill('OVERLOADED'), 1]);
});

test('compressed bodies count as what comes out of them', async () => {
  const { post } = proxyWith();
  const body = gzipSync(lines(reading()));
  const answers = await Promise.all(Array.from({ length: 100 }, () => post(body, token, gzipped)));
  const states = new Set(answers.map(({ httpStatus }) => httpStatus));
  expect(states).toEqual(new Set([200, 503]));
});

test('a message with a line separator in a text is one line', async () => {
  const { post, queued } = proxyWith();
  expect(await post(lines(reading({ icon_name: undefined, x: 'a\u2028b' })), token)).toMatchObject({ accepted: 1 });
  expect(queued[0]?.body).toContain('\u2028');
});

test.each([false, true])(
  'readings go to the queue of their shard, of a sensor and of a relay alike (packed: %s)',
  async (pack) => {
    const queued: OutgoingMessage[][] = [[], [], [], []];
    const queues = queued.map((own, i) => ({
      name: `q-${i}`,
      async send(messages: OutgoingMessage[]) {
        own.push(...messages);
        return messages.map((): SendResult => ({ ok: true, id: '' }));
      },
      depth: async () => ({ visible: i, inFlight: 0, delayed: 0 }),
    }));
    const proxy = createProxy({ queue: queues, pack });
    const hosts = Array.from({ length: 20 }, (_, i) => `edge-eu-${i}`);
    const readings = hosts.map((hostname) => reading({ hostname, execution_id: hostname }));
    const post = (path: string, body: string) => proxy.app.request(path, { method: 'POST', body });
    expect((await post('/send', JSON.stringify([...readings, { data: 1 }]))).status).toBe(200);
    expect((await post('/relay', lines(...readings))).status).toBe(200);
    const bodies = queued.map((own) =>
      own.flatMap(({ body, attributes }) =>
        (unpackedLines(attributes?.packed, body) ?? [body]).map((line) => parseRelayedLine(line)?.text ?? line),
      ),
    );
    const expected = queued.map((_, shard) => {
      const own = readings.filter(({ hostname }) => shardOf(hostname, 4) === shard).map((one) => JSON.stringify(one));
      return [...own, ...own, ...(shard === 0 ? ['{"data":1}'] : [])].sort();
    });
    expect(bodies.map((own) => own.sort())).toEqual(expected);
    expect(await (await proxy.app.request('/ready')).json()).toMatchObject({
      status: 'ready',
      queue: 'q-0 and 3 more',
    });
    await proxy.drain();
  },
);
