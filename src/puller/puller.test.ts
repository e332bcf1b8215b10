import { getMaxListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import { ScriptedQueue } from '../test/support/scripted-queue.js';
import type { PullerEvent } from './failure-reporter.js';
import { type PollingOptions, Puller } from './puller.js';
import type { Delivery, Sink } from './sink.js';

vi.mock('node:timers/promises', () => import('../test/support/fakeable-sleep.js'));

let queue: ScriptedQueue;
let events: PullerEvent[];
let accepted: Delivery[];
let puller: Puller;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: 1_750_000_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  queue = new ScriptedQueue();
  events = [];
  accepted = [];
});
afterEach(async () => {
  const stopping = puller.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  await stopping;
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A required sink that records its groups; `accept` decides what becomes of them. */
function sink(accept: Sink['accept'] = (group) => group.map(() => undefined), over: Partial<Sink> = {}) {
  const groups: string[][] = [];
  return {
    ...{ name: 'memory', required: true, groups, ...over },
    accept(group: Delivery[]) {
      groups.push(group.map(({ body }) => body));
      return accept(group);
    },
  };
}

/** A puller with one poll that runs. */
function start(sinks: Sink[] = [sink()], polling: PollingOptions = {}): void {
  puller = new Puller({
    queue,
    sinks,
    onAccepted: (deliveries) => accepted.push(...deliveries),
    onEvent: (event) => events.push(event),
    polling: { pollers: 1, ...polling },
  });
  puller.start();
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const body = (n: number) => JSON.stringify({ n });
const bodies = (count: number, from = 1) => Array.from({ length: count }, (_, i) => body(from + i));
const failing = (task: string, message: string) => ({ type: 'puller.failing', task, message });
const recovered = (task: string) => ({ type: 'puller.recovered', task });

test('a group is accepted, then shown, then offered to optional sinks, and then deleted', async () => {
  const order: string[] = [];
  const noting = (what: string) => (group: Delivery[]) => {
    order.push(`${what} ${group.map(({ body: text }) => text)}`);
    return group.map(() => undefined);
  };
  queue.delete = async (receipts) => {
    order.push(`delete ${receipts}`);
    return [];
  };
  puller = new Puller({
    queue,
    sinks: [sink(noting('offer'), { required: false }), sink(noting('accept'))],
    onAccepted: (deliveries) => order.push(`show ${deliveries.length}`),
    onEvent: () => {},
  });
  puller.start();
  queue.push([body(1), body(2)]);
  await pass(20);
  const both = `${body(1)},${body(2)}`;
  expect(order).toEqual([`accept ${both}`, 'show 2', `offer ${both}`, 'delete r-m-1,r-m-2']);
  expect(puller.stats).toEqual({
    ...{ received: 2, deleted: 2, deadLettered: 0, deadLetteredBy: {}, failures: 0, lastError: undefined },
  });
});

test('by default four long polls wait twenty seconds each', async () => {
  puller = new Puller({ queue, sinks: [], onAccepted() {}, onEvent() {} });
  puller.start();
  expect(queue.waits).toEqual([20, 20, 20, 20]);
});

test('the limit of listeners leaves room for every poll under load', () => {
  const receive = vi.spyOn(queue, 'receive');
  start([], { pollers: 16 });
  expect(getMaxListeners(receive.mock.calls[0]![0].signal!)).toBe(128);
});

test('under load groups are 20 ms apart, after a quiet time the next one comes at once', async () => {
  const memory = sink();
  start([memory]);
  await pass(100);
  queue.push([body(1)]);
  await pass(0);
  expect(memory.groups).toHaveLength(1);
  queue.push([body(2)]);
  await pass(5);
  queue.push([body(3)]);
  await pass(14);
  expect(memory.groups).toHaveLength(1);
  await pass(1);
  expect(memory.groups).toEqual([[body(1)], [body(2), body(3)]]);
});

test('a group of two hundred does not linger', async () => {
  const memory = sink();
  start([memory], { lingerMs: 60_000 });
  queue.push(bodies(199));
  await pass(0);
  expect(memory.groups).toHaveLength(0);
  queue.push([body(200)]);
  await pass(0);
  expect(memory.groups.map((group) => group.length)).toEqual([200]);
  // The timer of the first messages is gone: what follows waits its own time.
  queue.push([body(201)]);
  await pass(59_999);
  expect(memory.groups).toHaveLength(1);
  await pass(1);
  expect(memory.groups).toHaveLength(2);
});

test('what arrives while the sinks work is the next group', async () => {
  let release = () => {};
  const memory = sink(
    (group) =>
      new Promise((resolve) => {
        release = () => resolve(group.map(() => undefined));
      }),
  );
  start([memory]);
  queue.push([body(1)]);
  await pass(20);
  queue.push([body(2)]);
  await pass(1000);
  expect(memory.groups).toEqual([[body(1)]]);
  release();
  await pass(1);
  expect(memory.groups).toEqual([[body(1)], [body(2)]]);
  release();
});

test('nothing is shown or deleted before every required sink accepts it; it is offered again every second', async () => {
  let full = true;
  const first = sink(undefined, { name: 'first' });
  const store = sink((group) => {
    if (full) throw new Error('the disk is full');
    return group.map(() => undefined);
  });
  start([first, store]);
  queue.push([body(1)]);
  await pass(20 + 999);
  expect(store.groups).toHaveLength(1);
  await pass(1);
  expect([store.groups.length, first.groups.length, accepted, queue.deletions]).toEqual([2, 2, [], []]);
  expect(puller.stats).toMatchObject({ failures: 2, lastError: 'the disk is full' });
  full = false;
  await pass(1000);
  expect([accepted.length, queue.deletions]).toEqual([1, [['r-m-1']]]);
  expect(events).toEqual([failing('accept', 'the disk is full'), recovered('accept')]);
  expect(puller.stats).toMatchObject({ failures: 2, lastError: undefined });
});

test('while no sink accepts readings nothing more is received', async () => {
  let full = true;
  const store = sink((group) => {
    if (full) throw new Error('full');
    return group.map(() => undefined);
  });
  start([store]);
  queue.push([body(1)]);
  await pass(20);
  // The poll that was waiting brings one more answer.
  queue.push([body(2)]);
  queue.push([body(3)]);
  await pass(5000);
  expect(puller.stats.received).toBe(2);
  full = false;
  await pass(1100);
  expect(puller.stats.deleted).toBe(3);
});

test('an optional sink that fails holds nothing up', async () => {
  let broken = true;
  const log = sink((group) => (broken ? Promise.reject(new Error('broken pipe')) : group.map(() => undefined)), {
    name: 'log',
    required: false,
  });
  const store = sink();
  start([log, store]);
  queue.push([body(1)]);
  await pass(20);
  expect([store.groups, queue.deletions]).toEqual([[[body(1)]], [['r-m-1']]]);
  broken = false;
  queue.push([body(2)]);
  await pass(20);
  expect(events).toEqual([failing('sink:log', 'broken pipe'), recovered('sink:log')]);
});

test('what no sink can accept is a dead letter, and its group is not held up', async () => {
  const memory = sink();
  start([memory]);
  queue.push([body(1), 'no JSON', body(3)]);
  await pass(20);
  expect(memory.groups).toEqual([[body(1), body(3)]]);
  expect(queue.deadLetters).toEqual([{ id: 'm-2', reason: 'the body is not JSON' }]);
  expect(queue.deletions).toEqual([['r-m-2'], ['r-m-1', 'r-m-3']]);
  expect(puller.stats).toMatchObject({ received: 3, deleted: 3, deadLettered: 1 });
});

test('what a required sink refuses forever is a dead letter and is not shown', async () => {
  start([sink((group) => group.map(({ body: text }) => (text === body(2) ? 'no even numbers' : undefined)))]);
  queue.push(bodies(3));
  await pass(20);
  expect(accepted.map(({ body: text }) => text)).toEqual([body(1), body(3)]);
  expect(queue.deadLetters).toEqual([{ id: 'm-2', reason: 'memory: no even numbers' }]);
  expect(queue.deletions.flat().sort()).toEqual(['r-m-1', 'r-m-2', 'r-m-3']);
});

test('a queue that does not answer is asked again after growing pauses, which begin anew after an answer', async () => {
  start();
  for (let i = 0; i < 3; i++) queue.answer(new Error('unreachable'));
  await pass(0);
  const after = async (ms: number) => {
    await pass(ms - 1);
    const before = queue.waits.length;
    await pass(1);
    return queue.waits.length - before;
  };
  // 100 ms and twice that; half of it here.
  expect([await after(50), await after(100), await after(200)]).toEqual([1, 1, 1]);
  queue.push([body(1)]);
  queue.answer(new Error('unreachable'));
  await pass(0);
  expect(await after(50)).toBe(1);
  expect(events).toEqual([
    ...[failing('receive', 'unreachable'), recovered('receive')],
    failing('receive', 'unreachable'),
  ]);
});

test.each(['QUEUE_CREDENTIALS', 'QUEUE_DENIED', 'QUEUE_NOT_FOUND'])('%s is retried every ten seconds', async (code) => {
  start();
  queue.answer(new AppError(code as AppError['code'], 'refused'));
  await pass(9_999);
  expect(queue.waits).toHaveLength(1);
  await pass(1);
  expect(queue.waits).toHaveLength(2);
  // A stop does not wait for the pause.
  queue.answer(new AppError(code as AppError['code'], 'refused'));
  await pass(0);
  await puller.stop();
});

test('under load up to four times the usual number of polls run, and extra ones end when the queue is empty', async () => {
  start([sink()], { pollers: 2, waitSeconds: 7 });
  for (let i = 0; i < 9; i++) queue.push(bodies(10));
  await pass(0);
  // Nine full answers in a row may be one commit.
  expect(queue.waits).not.toContain(0);
  for (let i = 0; i < 2; i++) queue.push(bodies(10));
  await pass(0);
  expect(queue.waits.filter((wait) => wait === 0).length).toBeGreaterThan(0);
  let most = 0;
  let running = 0;
  const receive = queue.receive;
  queue.receive = async (options) => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    return receive(options).finally(() => running--);
  };
  for (let i = 0; i < 100; i++) queue.push(bodies(10));
  while (puller.stats.received < 110 * 10) await new Promise(setImmediate);
  expect(most).toBe(8);
  await vi.waitUntil(() => queue.waiting === 2 && running === 2);
});

test('an answer that is not full ends the count of full ones', async () => {
  start([sink()], { pollers: 1 });
  for (let i = 0; i < 9; i++) queue.push(bodies(10));
  await pass(0);
  queue.push(bodies(9));
  await pass(0);
  for (let i = 0; i < 9; i++) queue.push(bodies(10));
  await pass(0);
  expect(queue.waits).not.toContain(0);
  queue.push(bodies(10));
  await pass(0);
  expect(queue.waits).toContain(0);
});

test('polling pauses while more than two thousand messages wait for the sinks', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = sink(async (group) => {
    await held;
    return group.map(() => undefined);
  });
  start([slow]);
  queue.push([body(1)]);
  await pass(20);
  queue.push(bodies(2000));
  await pass(20);
  expect(queue.waiting).toBe(1);
  queue.push([body(2002)]);
  await pass(1000);
  expect([queue.waiting, puller.stats.received]).toEqual([0, 2002]);
  release();
  await pass(20);
  expect([queue.waiting, puller.stats.deleted]).toEqual([1, 2002]);
});

test('a stop handles what was received, and receives nothing more', async () => {
  const memory = sink();
  start([memory], { lingerMs: 60_000 });
  queue.push(bodies(3));
  await pass(0);
  expect(memory.groups).toEqual([]);
  await puller.stop();
  expect([accepted.length, queue.deletions]).toEqual([3, [['r-m-1', 'r-m-2', 'r-m-3']]]);
  expect([queue.waiting, queue.waits.length, events]).toEqual([0, 2, []]);
});

test('a stop waits for deletions and dead letters', async () => {
  let release = (_: string[]) => {};
  queue.delete = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  start();
  queue.push([body(1)]);
  await pass(20);
  let stopped = false;
  const stopping = puller.stop().then(() => {
    stopped = true;
  });
  await pass(1000);
  expect(stopped).toBe(false);
  release([]);
  await stopping;
  expect(puller.stats.deleted).toBe(1);
});

test('a stop while the sink fails leaves the group in the queue', async () => {
  start([sink(() => Promise.reject(new Error('full')))]);
  queue.push([body(1)]);
  await pass(20);
  await puller.stop();
  expect([accepted, queue.deletions, puller.stats.deleted]).toEqual([[], [], 0]);
});
