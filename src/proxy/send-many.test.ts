/** `POST /send/many`: each of its requests is judged, answered and queued as one of its own would be. */
import { expect, test } from 'vitest';
import { parseAnswerLine, SEND_MANY_HEADER, sendLineHead } from '../protocol/send-many.js';
import { relayTokenOf, sensorTokenOf } from '../protocol/sensor-token.js';
import type { OutgoingMessage, SendResult } from '../queue/queue.js';
import { desiredConfigStore } from './desired-config-store.js';
import { createProxy, type GuardOptions } from './proxy.js';
import { revocations } from './revoked-hosts.js';

const KEY = 'k'.repeat(32);
const KEYED: GuardOptions = { sensorKeys: [{ key: KEY }], operatorToken: 'operator' };

interface Request {
  token?: string;
  config?: string;
  body: string;
}

/** `refuse`: the queue refuses messages with this for good, `busy`: for now. */
async function proxyWith(guard: GuardOptions = KEYED, { pack = false } = {}) {
  const queued: OutgoingMessage[] = [];
  const revoked = revocations();
  const queue = {
    name: 'q',
    async send(messages: OutgoingMessage[]) {
      return messages.map((message): SendResult => {
        const retryable = message.body.includes('"icon_name":"busy"');
        if (retryable || message.body.includes('"icon_name":"refuse"'))
          return { ok: false, code: 'Invalid', reason: 'why', retryable };
        queued.push(message);
        return { ok: true, id: '' };
      });
    },
    depth: async () => ({ visible: 0, inFlight: 0, delayed: 0 }),
  };
  const { app, stats } = createProxy({
    queue,
    desired: desiredConfigStore(),
    revoked,
    guard,
    pack,
    batcher: { giveUpMs: 1_000 },
  });
  const operator = { authorization: 'Bearer operator' };
  const change = (path: string, body: object) =>
    app.request(path, { method: 'PATCH', headers: operator, body: JSON.stringify(body) });
  await change('/config', { set: { color: '#00ff00' } });
  await change('/sensors/revoked', { hostname: 'gone', revoked: true });
  async function one({ token, config, body }: Request) {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(config === undefined ? {} : { 'x-sensor-config': config }),
    };
    const response = await app.request('/send', { method: 'POST', headers, body });
    const retryAfter = response.headers.get('retry-after');
    return {
      status: response.status,
      retryAfter: retryAfter === null ? undefined : Number(retryAfter),
      body: await response.json(),
    };
  }
  async function many(requests: Request[]) {
    const body = requests
      .map(({ token, config, body }) => {
        const authorization = token === undefined ? undefined : `Bearer ${token}`;
        return `${sendLineHead({ authorization, config })}${body}}\n`;
      })
      .join('');
    const response = await app.request('/send/many', { method: 'POST', body });
    const text = await response.text();
    if (response.status !== 200) return { status: response.status, code: JSON.parse(text).error.code };
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const answer = parseAnswerLine(line);
        return { ...answer, body: JSON.parse(answer?.body ?? '') };
      });
  }
  return { queued, one, many, stats, app };
}

const reading = (hostname: string, over: object = {}) => ({
  ...{ job_id: 'j', execution_id: `e-${hostname}`, icon_name: '🚀', color: '#ff5733', region: 'us', sequence: 1 },
  ...{ timestamp: '2025-03-26T12:34:56.789Z', job_submission_time: 1000, hostname, ...over },
});
const of = (hostname: string, over: object = {}): Request => ({
  token: sensorTokenOf(KEY, hostname),
  config: 'v=0;src=ddddd;file=none;interval=1000;paused=0',
  body: JSON.stringify(reading(hostname, over)),
});

const REQUESTS: Request[] = [
  of('a'),
  { ...of('b'), config: 'v=900000000000000;src=ddddd;file=none;interval=1000;paused=0' },
  {
    token: sensorTokenOf(KEY, 'c'),
    body: JSON.stringify([reading('c'), reading('c', { sequence: 2, color: 'red' }), reading('a')]),
  },
  of('d', { execution_id: 'e-a' }),
  { ...of('a'), body: JSON.stringify(reading('b')) },
  of('gone'),
  { token: relayTokenOf(KEY, 'us'), body: '{}' },
  { body: JSON.stringify(reading('f')) },
  of('g', { job_submission_time: 2000 }),
  of('g', { job_submission_time: 1000, execution_id: 'e-old', timestamp: '2025-03-26T12:34:57.000Z' }),
  of('h', { job_submission_time: Date.now() + 3_600_000 }),
  ...[
    '',
    'nothing',
    '[]',
    '5',
    '[5]',
    '{"a":}',
    `[${'['.repeat(200)}${']'.repeat(200)}]`,
    `[${'{},'.repeat(101)}{}]`,
  ].map((body) => ({ ...of('i'), body })),
  of('j', { color: 'blue' }),
  of('k', { icon_name: 'refuse' }),
  of('l', { icon_name: 'busy' }),
  of('m', { values: { temperature: 3.5 } }),
  { ...of('n'), body: ' {"data":"}\u2028{\\n"} ' },
];

test.each([
  ['where senders need a token', KEYED],
  ['where they need none', { ...KEYED, open: true }],
  ['with a rate limit', { ...KEYED, rateLimit: 0.4 }],
])(
  'each gets the answer that it would get to a request of its own, and the same comes into the queue: %s',
  async (_, guard) => {
    const [alone, together] = [await proxyWith(guard), await proxyWith(guard)];
    const answers = [];
    for (const request of REQUESTS) answers.push(await alone.one(request));
    const version = (text: string) => text.replace(/"version":\d+/g, '"version":1');
    expect(version(JSON.stringify(await together.many(REQUESTS)))).toBe(version(JSON.stringify(answers)));
    expect(together.queued).toEqual(alone.queued);
    const { batches, retries, ...counts } = together.stats();
    expect(counts).toEqual({ ...alone.stats(), batches: undefined, retries: undefined });
    expect(new Set(answers.map(({ status }) => status)).size).toBeGreaterThan(5);
  },
);

test('packed, the same readings come into the queue, and only those that it refuses are refused', async () => {
  const { many, queued } = await proxyWith(KEYED, { pack: true });
  const answers = await many([of('a'), of('b', { icon_name: 'refuse' }), of('c')]);
  expect(answers).toMatchObject([{ status: 200 }, { status: 422 }, { status: 200 }]);
  expect(queued.map(({ body }) => JSON.parse(body).hostname)).toEqual(['a', 'c']);
});

// Else many could be tried with one request.
test.each([
  ['where a token is needed', KEYED],
  ['where none is needed', { ...KEYED, open: true }],
])('one wrong token keeps all others from being taken or judged, %s', async (_, guard) => {
  const { many, queued, stats } = await proxyWith(guard);
  expect(await many([of('a'), { ...of('b'), token: 'b.wrong' }, of('gone')])).toEqual({
    status: 403,
    code: 'TOKEN_WRONG',
  });
  expect([queued, stats().received]).toEqual([[], 0]);
});

test.each([
  ['no line', '', 400],
  ['a line that is none of a request', `${sendLineHead({})}{}}\n{"reading":{}}\n`, 400],
  ['more than a thousand lines', `${sendLineHead({})}{}}\n`.repeat(1001), 413],
  ['more than 1 MiB', `${sendLineHead({})}"${'x'.repeat(1_048_576)}"}\n`, 413],
  ['bytes that are no text', Buffer.from([0x7b, 0xff]), 400],
])('a body of %s is refused as a whole', async (_, body, status) => {
  const { app, queued } = await proxyWith({});
  const response = await app.request('/send/many', { method: 'POST', body });
  expect([response.status, queued]).toEqual([status, []]);
});

test('requests beyond 50,000 objects and arrays have to come again', async () => {
  const { many } = await proxyWith({});
  const body = `{"a":[${'[],'.repeat(30_000)}[]]}`;
  expect(await many([{ body }, { body }, { body: '{"a":1}' }])).toMatchObject([
    { status: 200 },
    { status: 503, retryAfter: 2, body: { error: { code: 'OVERLOADED' } } },
    { status: 503 },
  ]);
});

test('an answer to a single request says that many may come', async () => {
  const { app } = await proxyWith({});
  const response = await app.request('/send', { method: 'POST', body: '{}' });
  expect(response.headers.get(SEND_MANY_HEADER)).toBe('1000');
});
