import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import { parseRelayedLine } from '../../protocol/relay.js';
import { unpackedLines } from '../../queue/packed.js';
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_COUNT,
  type OutgoingMessage,
  type Queue,
  type SendResult,
} from '../../queue/queue.js';
import { createProxy, type ProxyStats } from '../proxy.js';
import { Batcher, type BatcherOptions, type Outcome } from './batcher.js';
import { type Outgoing, packable } from './outgoing.js';

/** The bounds of every pause between two tries. */
const pauses = vi.hoisted(() => [] as unknown[][]);
vi.mock('../../lib/async/backoff.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../lib/async/backoff.js')>();
  const jittered = (...args: Parameters<typeof original.jittered>) => {
    pauses.push(args);
    return original.jittered(...args);
  };
  return { ...original, jittered };
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  pauses.length = 0;
});

const sent = (messages: OutgoingMessage[]): SendResult[] => messages.map(({ body }) => ({ ok: true, id: body }));
const fails = (code: string) => new AppError(code as AppError['code'], `it failed: ${code}`);

/** A queue that does with a batch what it is told, attempt by attempt; after the last script it accepts everything. */
function scripted(...script: ((messages: OutgoingMessage[]) => SendResult[] | Promise<SendResult[]>)[]) {
  const batches: OutgoingMessage[][] = [];
  const queue = {
    name: 'scripted',
    async send(messages: OutgoingMessage[]) {
      batches.push(messages);
      return (script[batches.length - 1] ?? sent)(messages);
    },
    check: () => new Promise<never>(() => {}),
  } as unknown as Queue;
  return { queue, batches };
}

const message = (bytes: number, attributes?: Record<string, string>): Outgoing => ({
  body: 'x'.repeat(bytes),
  readings: [],
  ...(attributes ? { attributes } : {}),
});
const asSent = ({ readings: _, ...sent }: Outgoing) => sent;
const addAll = (batcher: Batcher, messages: Outgoing[]) => Promise.all(messages.map((m) => batcher.add(m)));

test('messages of many requests go together, ten in a batch', async () => {
  const { queue, batches } = scripted();
  const outcomes = await addAll(new Batcher(queue), Array(25).fill(message(10)));
  expect(outcomes).toEqual(Array(25).fill({ status: 'accepted' }));
  expect(batches.map((batch) => batch.length)).toEqual([MAX_BATCH_COUNT, MAX_BATCH_COUNT, 5]);
});

test('while a batch is on its way, what waits is filled up by the senders that come back', async () => {
  let take = (_: SendResult[]) => {};
  const held = new Promise<SendResult[]>((resolve) => {
    take = resolve;
  });
  const { queue, batches } = scripted(() => held);
  const batcher = new Batcher(queue, { lingerMs: 50 });
  const first = addAll(batcher, Array(12).fill(message(10)));
  take(sent(Array(10).fill(message(10))));
  await vi.waitUntil(() => batcher.stats.inFlight === 0);
  const second = addAll(batcher, Array(8).fill(message(10)));
  await Promise.all([first, second]);
  expect(batches.map((batch) => batch.length)).toEqual([10, 10]);
});

test('and what nobody fills up goes nevertheless, before the batch is back: after four times as long', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const { queue, batches } = scripted(() => new Promise(() => {}));
  const waiting = addAll(new Batcher(queue, { lingerMs: 50, giveUpMs: 500 }), Array(12).fill(message(10)));
  vi.advanceTimersByTime(199);
  expect(batches).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(batches[1]).toHaveLength(2);
  vi.advanceTimersByTime(300);
  await waiting;
});

test.each([
  ['bodies', MAX_BATCH_BYTES / 4, undefined, [4, 4]],
  ['bodies a byte too long', MAX_BATCH_BYTES / 4 + 1, undefined, [3, 3, 2]],
  ['bodies and attributes', MAX_BATCH_BYTES / 4 - 7, { a: '' }, [4, 4]],
  ['bodies and attributes a byte too long', MAX_BATCH_BYTES / 4 - 7, { a: 'b' }, [3, 3, 2]],
  ['attributes by their bytes, not their characters', MAX_BATCH_BYTES / 4 - 9, { a: '🚀' }, [3, 3, 2]],
])('a batch is as long as SQS takes: %s', async (_, bytes, attributes, lengths) => {
  const { queue, batches } = scripted();
  await addAll(new Batcher(queue), Array(8).fill(message(bytes, attributes)));
  expect(batches.map((batch) => batch.length)).toEqual(lengths);
});

test('messages that wait have a share of the memory: what is beyond it goes back, until there is room', async () => {
  let take = (_: SendResult[]) => {};
  const held = new Promise<SendResult[]>((resolve) => {
    take = resolve;
  });
  const { queue } = scripted(() => held);
  const batcher = new Batcher(queue, { maxBytes: 1000, lingerMs: 0 });
  const first = batcher.add(message(600));
  expect(await batcher.add(message(600))).toMatchObject({ status: 'busy', code: 'OVERLOADED' });
  take([{ ok: true, id: '1' }]);
  expect(await first).toEqual({ status: 'accepted' });
  expect(await batcher.add(message(600))).toEqual({ status: 'accepted' });
});

test('entries of a batch have a fate each: taken, refused for ever, or tried again alone', async () => {
  const { queue, batches } = scripted(() => [
    { ok: true, id: '1' },
    { ok: false, code: 'InvalidMessageContents', reason: 'no', retryable: false },
    { ok: false, code: 'InternalError', reason: 'later', retryable: true },
  ]);
  const messages = [1, 2, 3].map((bytes) => message(bytes));
  expect(await addAll(new Batcher(queue), messages)).toEqual([
    { status: 'accepted' },
    { status: 'refused', code: 'InvalidMessageContents', reason: 'no' },
    { status: 'accepted' },
  ]);
  expect(batches).toEqual([messages.map(asSent), [asSent(messages[2]!)]]);
});

test.each(['QUEUE_THROTTLED', 'QUEUE_UNREACHABLE', 'QUEUE_ERROR'])(
  '%s passes: the batch is tried again',
  async (code) => {
    const fail = () => Promise.reject(fails(code));
    const { queue, batches } = scripted(fail, fail);
    const batcher = new Batcher(queue);
    expect(await batcher.add(message(1))).toEqual({ status: 'accepted' });
    expect(batches).toHaveLength(3);
    expect(batcher.stats).toMatchObject({ batches: 3, retries: 2, lastError: undefined });
  },
);

test('what goes back to its sender between two tries is not sent again, nor is an empty batch', async () => {
  // The longest pause, 50 ms.
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const { queue, batches } = scripted(() => Promise.reject(fails('QUEUE_THROTTLED')));
  const batcher = new Batcher(queue, { giveUpMs: 10, lingerMs: 0 });
  expect(await batcher.add(message(1))).toMatchObject({ status: 'busy', code: 'QUEUE_THROTTLED' });
  await vi.waitUntil(() => batcher.stats.inFlight === 0);
  expect(batches).toHaveLength(1);
});

test('a failure is remembered until a whole batch is accepted', async () => {
  const part: SendResult[] = [
    { ok: true, id: '1' },
    { ok: false, code: 'InvalidMessageContents', reason: 'no', retryable: false },
  ];
  const { queue } = scripted(
    () => Promise.reject(fails('QUEUE_ERROR')),
    () => part,
  );
  const batcher = new Batcher(queue);
  await addAll(batcher, [message(1), message(2)]);
  expect(batcher.stats.lastError).toBe('it failed: QUEUE_ERROR');
  await batcher.add(message(1));
  expect(batcher.stats.lastError).toBeUndefined();
});

test.each(['QUEUE_NOT_FOUND', 'QUEUE_DENIED', 'QUEUE_CREDENTIALS'])(
  '%s is for the operator to fix: the sender keeps its messages, and the queue is not asked again',
  async (code) => {
    const { queue, batches } = scripted(() => Promise.reject(fails(code)));
    expect(await addAll(new Batcher(queue), [message(1), message(2)])).toEqual(
      Array(2).fill({ status: 'busy', code, reason: `it failed: ${code}` }),
    );
    expect(batches).toHaveLength(1);
  },
);

test('tries are spread out: each pause is random', async () => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(0);
  const fail = () => Promise.reject(fails('QUEUE_THROTTLED'));
  const { queue } = scripted(fail, fail, fail);
  await new Batcher(queue).add(message(1));
  expect(random).toHaveBeenCalledTimes(3);
});

test('the pause between tries begins at 50 ms, doubles, and ends at 2 s', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const fail = () => Promise.reject(fails('QUEUE_THROTTLED'));
  await new Batcher(scripted(fail, fail, fail).queue).add(message(1));
  expect(pauses).toEqual([0, 1, 2].map((attempt) => [attempt, 50, 2000]));
});

test('messages are given back when the queue keeps failing', async () => {
  const batcher = new Batcher(scripted(...Array(1000).fill(() => Promise.reject(fails('QUEUE_UNREACHABLE')))).queue, {
    giveUpMs: 150,
  });
  expect(await batcher.add(message(1))).toEqual({
    status: 'busy',
    code: 'QUEUE_UNREACHABLE',
    reason: 'it failed: QUEUE_UNREACHABLE',
  });
});

test('messages are given back when the queue does not answer at all, those under way and those that wait', async () => {
  let release: (results: SendResult[]) => void = () => {};
  const { queue, batches } = scripted(() => new Promise((resolve) => (release = resolve)));
  const batcher = new Batcher(queue, { giveUpMs: 100, maxInFlight: 1 });
  const outcomes = await addAll(batcher, Array(15).fill(message(1)));
  expect(outcomes).toEqual(Array(15).fill({ status: 'busy', code: 'QUEUE_SLOW', reason: expect.any(String) }));
  // Given back is not forgotten: what the queue took late counts no more, and what waited is not sent behind the sender's back.
  release(sent(batches[0]!));
  await batcher.drain();
  expect(batches).toHaveLength(1);
  expect(await batcher.add(message(2))).toEqual({ status: 'accepted' });
});

/** Answers only when told to. */
function held() {
  const answers: (() => void)[] = [];
  const hold = (messages: OutgoingMessage[]) =>
    new Promise<SendResult[]>((resolve) => answers.push(() => resolve(sent(messages))));
  const { queue, batches } = scripted(...Array(100).fill(hold));
  return { queue, batches, answer: () => answers.splice(0).map((go) => go()) };
}

test('no more batches are under way than allowed, and no more messages wait', async () => {
  const { queue, batches, answer } = held();
  const batcher = new Batcher(queue, { maxInFlight: 2, maxWaiting: 30 });
  const added = addAll(batcher, Array(50).fill(message(1)));
  expect([batches.length, batcher.stats.inFlight, batcher.stats.waiting]).toEqual([2, 2, 30]);
  expect(await batcher.add(message(1))).toMatchObject({ status: 'busy', code: 'OVERLOADED' });
  while (batcher.stats.inFlight > 0) {
    answer();
    await sleep(1);
  }
  expect(await added).toEqual(Array(50).fill({ status: 'accepted' }));
  expect(batches).toHaveLength(5);
});

// A proxy whose queue is away would end half a minute late.
test('drain does not wait for a call of the queue whose senders have been told to come back', async () => {
  const { queue } = scripted(() => new Promise<never>(() => {}));
  const batcher = new Batcher(queue, { giveUpMs: 20 });
  const outcome = batcher.add(message(1));
  await batcher.drain();
  expect(await outcome).toMatchObject({ status: 'busy', code: 'QUEUE_SLOW' });
});

test('drain waits for everything that was added', async () => {
  const { queue, answer } = held();
  const batcher = new Batcher(queue, { lingerMs: 60_000 });
  let accepted = 0;
  for (let i = 0; i < 13; i++) void batcher.add(message(1)).then(() => accepted++);
  const draining = batcher.drain().then(() => accepted);
  await sleep(20);
  expect(accepted).toBe(0);
  answer();
  expect(await draining).toBe(13);
});

test('what is given back makes room at once for what comes next', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const batcher = new Batcher(held().queue, { maxInFlight: 1, maxWaiting: 10 });
    const first = addAll(batcher, Array(20).fill(message(1)));
    expect(await batcher.add(message(1))).toMatchObject({ code: 'OVERLOADED' });
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await first).toEqual(Array(20).fill(expect.objectContaining({ code: 'QUEUE_SLOW' })));
    let answered = false;
    void batcher.add(message(1)).then(() => (answered = true));
    await vi.advanceTimersByTimeAsync(14_999);
    expect(answered).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});

test('by default a message waits 5 ms for others, and its sender 15 s, half of what a sensor waits', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const { queue, batches } = held();
    const batcher = new Batcher(queue);
    let outcome: unknown;
    void batcher.add(message(1)).then((found) => (outcome = found));
    void batcher.add(message(2));
    await vi.advanceTimersByTimeAsync(4);
    expect(batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(batches).toEqual([[asSent(message(1)), asSent(message(2))]]);
    await vi.advanceTimersByTimeAsync(14_994);
    expect(outcome).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(outcome).toMatchObject({ status: 'busy', code: 'QUEUE_SLOW' });
  } finally {
    vi.useRealTimers();
  }
});

test('by default sixteen batches are under way, and twenty thousand messages wait', async () => {
  const { queue, batches, answer } = held();
  const batcher = new Batcher(queue);
  const added = addAll(batcher, Array(160 + 20_000).fill(message(1)));
  expect([batches.length, batcher.stats.inFlight, batcher.stats.waiting]).toEqual([16, 16, 20_000]);
  expect(await batcher.add(message(1))).toMatchObject({ status: 'busy', code: 'OVERLOADED' });
  for (;;) {
    answer();
    if (batcher.stats.inFlight === 0 && batcher.stats.waiting === 0) break;
    await new Promise(setImmediate);
  }
  expect((await added).every(({ status }) => status === 'accepted')).toBe(true);
});

test('who gives up hears why the last try failed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const never = () => new Promise<SendResult[]>(() => {});
    const trouble = { ok: false as const, code: 'InternalError', reason: 'disk is slow', retryable: true };
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const batcher = new Batcher(scripted(() => [trouble], never).queue);
    const outcome = batcher.add(message(1));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await outcome).toEqual({ status: 'busy', code: 'InternalError', reason: 'disk is slow' });
  } finally {
    vi.useRealTimers();
  }
});

test('what was given back during a pause is not sent again', async () => {
  const { queue, batches } = scripted(() => Promise.reject(fails('QUEUE_THROTTLED')));
  // A full batch goes at once; its senders have given up long before the first pause, of 50 ms, is over.
  const batcher = new Batcher(queue, { giveUpMs: 1 });
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const outcomes = await addAll(batcher, Array(MAX_BATCH_COUNT).fill(message(1)));
  expect(outcomes).toEqual(Array(MAX_BATCH_COUNT).fill(expect.objectContaining({ code: 'QUEUE_THROTTLED' })));
  await batcher.drain();
  expect(batches).toHaveLength(1);
});

test('a sender that has its answer is waited for no longer, so that a process may end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    await addAll(new Batcher(scripted().queue), Array(10).fill(message(1)));
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('a message longer than a whole batch goes alone, for the queue to refuse', async () => {
  const { queue, batches } = scripted();
  await addAll(new Batcher(queue), [message(1), message(MAX_BATCH_BYTES + 1), message(1)]);
  expect(batches.map((batch) => batch.length)).toEqual([1, 1, 1]);
});

function proxyOn(queue: Queue, batcher: BatcherOptions = {}) {
  const { app } = createProxy({ queue, batcher });
  return {
    send: (body: unknown) => app.request('/send', { method: 'POST', body: JSON.stringify(body) }),
    get: (path: string) => app.request(path),
    stats: async () => (await (await app.request('/stats')).json()) as ProxyStats,
  };
}

test('a busy queue becomes 503 with the time to wait, for the whole array; repeated, it is accepted', async () => {
  const denied = () => Promise.reject(fails('QUEUE_DENIED'));
  const proxy = proxyOn(scripted(sent, denied).queue);
  const array = Array(15).fill({ a: 1 });
  const refused = await proxy.send(array);
  expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
    503,
    '2',
    {
      error: {
        ...{ code: 'QUEUE_DENIED', message: 'it failed: QUEUE_DENIED', reason: 'it failed: QUEUE_DENIED' },
      },
    },
  ]);
  expect(await proxy.stats()).toMatchObject({
    refused: { QUEUE_DENIED: 1 },
    lastQueueError: 'it failed: QUEUE_DENIED',
  });
  expect(await (await proxy.send(array)).json()).toEqual({ status: 'accepted', accepted: 15 });
  expect((await proxy.stats()).lastQueueError).toBeUndefined();
});

test('over the bound of waiting messages it says so at once; health never waits', async () => {
  const { queue, answer } = held();
  const proxy = proxyOn(queue, { maxInFlight: 1, maxWaiting: 10 });
  const first = proxy.send(Array(20).fill({ a: 1 }));
  await vi.waitUntil(async () => (await proxy.stats()).waiting === 10);
  const refused = await proxy.send({ a: 2 });
  expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
    503,
    '2',
    { error: { code: 'OVERLOADED' } },
  ]);
  // This queue's `check` never ends.
  expect(await (await proxy.get('/health')).json()).toEqual({ status: 'healthy' });
  answer();
  await vi.waitUntil(async () => (await proxy.stats()).waiting === 0);
  answer();
  expect((await first).status).toBe(200);
});

test('a queue that breaks the contract is no crash, and the sender keeps its reading', async () => {
  const proxy = proxyOn(scripted(() => Promise.reject(new TypeError('a bug'))).queue);
  const answer = await proxy.send({ a: 1 });
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'accepted', accepted: 1 }]);
});

test('a queue that fails is reported once for each reason, and once when it works again', async () => {
  const throwing = (code: string) => () => Promise.reject(fails(code));
  const { queue } = scripted(
    throwing('QUEUE_UNREACHABLE'),
    throwing('QUEUE_UNREACHABLE'),
    throwing('QUEUE_THROTTLED'),
    sent,
    sent,
  );
  const events: string[] = [];
  const batcher = new Batcher(queue, {}, (event) =>
    events.push(event.type === 'queue.failing' ? event.message : event.type),
  );
  await batcher.add(message(1));
  await batcher.add(message(1));
  expect(events).toEqual([
    ...['it failed: QUEUE_UNREACHABLE', 'it failed: QUEUE_THROTTLED', 'queue.recovered'],
    ...['batch.sent', 'batch.sent'],
  ]);
});

const lineOf = (sequence: number, text = '') => JSON.stringify({ execution_id: 'e', sequence, text });
const toPack = (sequence: number, text = '') =>
  packable({ message: { execution_id: 'e', sequence }, text: lineOf(sequence, text) });
const readingsIn = ({ body, attributes }: OutgoingMessage) =>
  unpackedLines(attributes?.packed, body)?.map((line) => parseRelayedLine(line)?.text) ?? [body];

test('where readings are packed, those of many requests are one message, and each sender hears when the queue has it', async () => {
  const { queue, batches } = scripted();
  const outcomes = addAll(
    new Batcher(queue, { pack: true }),
    Array.from({ length: 40 }, (_, i) => toPack(i + 1)),
  );
  expect(await outcomes).toEqual(Array(40).fill({ status: 'accepted' }));
  expect(batches.map((batch) => batch.map((sent) => readingsIn(sent).length))).toEqual([[40]]);
  expect(readingsIn(batches[0]![0]!)).toEqual(Array.from({ length: 40 }, (_, i) => lineOf(i + 1)));
});

test('a packed message has at most 500 readings and 180,000 characters; what is no reading goes alone between them', async () => {
  const { queue, batches } = scripted();
  const many = Array.from({ length: 600 }, (_, i) => toPack(i + 1));
  const long = [toPack(601, 'x'.repeat(100_000)), toPack(602, 'x'.repeat(100_000)), toPack(603)];
  await addAll(new Batcher(queue, { pack: true }), [...many, message(5), ...long]);
  expect(batches.flat().map((sent) => readingsIn(sent).length)).toEqual([500, 100, 1, 1, 2]);
});

test('a single reading is sent as without packing', async () => {
  const { queue, batches } = scripted();
  await new Batcher(queue, { pack: true }).add(toPack(1));
  expect(batches).toEqual([[{ body: lineOf(1) }]]);
});

test('of a packed message that the queue refuses for good, each goes by itself, and only the bad one is refused', async () => {
  const refusing = (messages: OutgoingMessage[]): SendResult[] =>
    messages.map((sent) =>
      readingsIn(sent).includes(lineOf(2))
        ? { ok: false, code: 'Invalid', reason: 'why', retryable: false }
        : { ok: true, id: '' },
    );
  const { queue } = scripted(...Array(5).fill(refusing));
  const outcomes = await addAll(new Batcher(queue, { pack: true }), [toPack(1), toPack(2), toPack(3)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'refused', 'accepted']);
});

test('what comes while four packed messages are on their way goes as one, when one of them has arrived', async () => {
  const arrive: (() => void)[] = [];
  const held = (messages: OutgoingMessage[]) =>
    new Promise<SendResult[]>((resolve) => {
      arrive.push(() => resolve(sent(messages)));
    });
  const { queue, batches } = scripted(held, held, held, held);
  const batcher = new Batcher(queue, { pack: true, lingerMs: 0 });
  const outcomes: Promise<Outcome>[] = [];
  for (let i = 1; i <= 4; i++) {
    outcomes.push(batcher.add(toPack(i)));
    await vi.waitUntil(() => batches.length === i);
  }
  outcomes.push(...[5, 6, 7].map((i) => batcher.add(toPack(i))));
  await sleep(10);
  expect(batches).toHaveLength(4);
  for (const done of arrive) done();
  await Promise.all(outcomes);
  expect(batches.map((batch) => batch.map((one) => readingsIn(one).length))).toEqual([[1], [1], [1], [1], [3]]);
});
