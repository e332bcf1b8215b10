import { getMaxListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Soon } from '../lib/async/exclusive.js';
import { AppError } from '../lib/errors/app-error.js';
import { ScriptedQueue } from '../test/support/scripted-queue.js';
import type { Delivery } from './delivery.js';
import { FailureReporter, type PullerEvent } from './failure-reporter.js';
import { Pipeline, type PipelineOptions } from './pipeline.js';

let queue: ScriptedQueue;
let events: PullerEvent[];
let accepted: Delivery[];
let failures: FailureReporter;
let pipeline: Pipeline;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: 1_750_000_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  queue = new ScriptedQueue();
  events = [];
  accepted = [];
});
afterEach(async () => {
  const stopping = pipeline.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  await stopping;
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A store that records its groups; `store` may fail. */
function memory(store: () => void = () => {}): {
  groups: string[][];
  store(group: Delivery[]): Soon<Delivery[]>;
} {
  const groups: string[][] = [];
  return {
    groups,
    store(group: Delivery[]) {
      groups.push(group.map(({ body }) => body));
      store();
      return [];
    },
  };
}

/** A pipeline with one poll that runs. */
function start({ store } = memory(), polling: Partial<PipelineOptions> = {}): void {
  failures = new FailureReporter((event) => events.push(event));
  pipeline = new Pipeline({
    queue,
    store,
    onStored: (deliveries) => accepted.push(...deliveries),
    onEvent: (event) => events.push(event),
    failures,
    pollers: 1,
    ...polling,
  });
  pipeline.start();
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const body = (n: number) => JSON.stringify({ n });
const bodies = (count: number, from = 1) => Array.from({ length: count }, (_, i) => body(from + i));
const failing = (task: string, message: string) => ({ type: 'puller.failing', task, message });
const recovered = (task: string) => ({ type: 'puller.recovered', task });

test('a group is stored, then shown, and then deleted', async () => {
  const order: string[] = [];
  queue.delete = async (receipts) => {
    order.push(`delete ${receipts}`);
    return [];
  };
  pipeline = new Pipeline({
    queue,
    store(group) {
      order.push(`store ${group.map(({ body: text }) => text)}`);
      return [];
    },
    onStored: (deliveries) => order.push(`show ${deliveries.length}`),
    onEvent() {},
    failures: new FailureReporter(() => {}),
  });
  pipeline.start();
  queue.push([body(1), body(2)]);
  await pass(50);
  expect(order).toEqual([`store ${body(1)},${body(2)}`, 'show 2', 'delete r-m-1,r-m-2']);
  expect(pipeline.stats).toEqual({ received: 2, deleted: 2, deadLettered: 0, deadLetteredBy: {} });
});

test('what is good of a half bad message is stored and deleted when nothing else comes', async () => {
  const { groups, store } = memory();
  start({ groups, store });
  queue.push([`{"reading":${body(1)}}\n{"reading":no JSON}\n`], { packed: 'readings' });
  await pass(1_000);
  expect(groups).toEqual([[body(1)]]);
  expect(pipeline.stats).toMatchObject({ received: 1, deleted: 1, deadLettered: 1 });
});

test('by default four long polls wait twenty seconds each, also without a store', async () => {
  const failures = new FailureReporter(() => {});
  pipeline = new Pipeline({ queue, store: undefined, onStored() {}, onEvent() {}, failures });
  pipeline.start();
  expect(queue.waits).toEqual([20, 20, 20, 20]);
  queue.push([body(1)]);
  await pass(50);
  expect(pipeline.stats.deleted).toBe(1);
});

test('the limit of listeners leaves room for every poll under load', () => {
  const receive = vi.spyOn(queue, 'receive');
  start(memory(), { pollers: 16 });
  expect(getMaxListeners(receive.mock.calls[0]![0].signal!)).toBe(128);
});

test('under load groups are 20 ms apart, after a quiet time the next one comes at once', async () => {
  const { groups, store } = memory();
  start({ groups, store });
  await pass(100);
  queue.push([body(1)]);
  await pass(0);
  expect(groups).toHaveLength(1);
  queue.push([body(2)]);
  await pass(5);
  queue.push([body(3)]);
  await pass(44);
  expect(groups).toHaveLength(1);
  await pass(1);
  expect(groups).toEqual([[body(1)], [body(2), body(3)]]);
});

test('a group of five hundred does not linger', async () => {
  const { groups, store } = memory();
  start({ groups, store }, { lingerMs: 60_000 });
  queue.push(bodies(499));
  await pass(0);
  expect(groups).toHaveLength(0);
  queue.push([body(500)]);
  await pass(0);
  expect(groups.map((group) => group.length)).toEqual([500]);
  // The timer of the first messages is gone: what follows waits its own time.
  queue.push([body(501)]);
  await pass(59_999);
  expect(groups).toHaveLength(1);
  await pass(1);
  expect(groups).toHaveLength(2);
});

test('what was stored before is shown as that, unless an attempt that failed may have stored it', async () => {
  let answers = 0;
  const stored: boolean[] = [];
  const { groups, store } = memory();
  const known = (group: Delivery[]) => {
    void store(group);
    if (++answers === 2) throw new Error('no answer');
    return group;
  };
  start(
    { groups, store: known },
    { onStored: (deliveries, old) => stored.push(deliveries.every((one) => old?.has(one) === true)) },
  );
  queue.push([body(1)]);
  await pass(50);
  expect(stored).toEqual([true]);
  queue.push([body(2)]);
  await pass(50 + 1000);
  expect([stored, groups.length]).toEqual([[true, false], 3]);
});

test('nothing is shown or deleted before it is stored; that is tried again every second, with what came meanwhile', async () => {
  let full = true;
  const { groups, store } = memory(() => {
    if (full) throw new Error('the disk is full');
  });
  start({ groups, store });
  queue.push([body(1)]);
  await pass(50 + 999);
  expect(groups).toHaveLength(1);
  // The poll that was waiting brings one more answer.
  queue.push([body(2)]);
  await pass(1);
  expect([groups, accepted, queue.deletions]).toEqual([[[body(1)], [body(1), body(2)]], [], []]);
  expect([failures.count, failures.lastError]).toEqual([2, 'the disk is full']);
  full = false;
  await pass(1000);
  expect([accepted.length, queue.deletions]).toEqual([2, [['r-m-1', 'r-m-2']]]);
  expect(events).toEqual([failing('accept', 'the disk is full'), recovered('accept')]);
  expect(failures.lastError).toBeUndefined();
});

test('while nothing can be stored nothing more is received', async () => {
  let full = true;
  start(
    memory(() => {
      if (full) throw new Error('full');
    }),
  );
  queue.push([body(1)]);
  await pass(50);
  // The poll that was waiting brings one more answer.
  queue.push([body(2)]);
  queue.push([body(3)]);
  await pass(5000);
  expect(pipeline.stats.received).toBe(2);
  full = false;
  await pass(2100);
  expect(pipeline.stats.deleted).toBe(3);
});

test('what can never be stored is a dead letter, and its group is not held up', async () => {
  const { groups, store } = memory();
  start({ groups, store });
  queue.push([body(1), 'no JSON', body(3)]);
  await pass(50);
  expect(groups).toEqual([[body(1), body(3)]]);
  expect(queue.deadLetters).toEqual([{ id: 'm-2', reason: 'the body is not JSON' }]);
  expect(queue.deletions).toEqual([['r-m-2'], ['r-m-1', 'r-m-3']]);
  expect(pipeline.stats).toMatchObject({ received: 3, deleted: 3, deadLettered: 1 });
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
  await pipeline.stop();
});

test('under load up to four times the usual number of polls run, and extra ones end when the queue is empty', async () => {
  start(memory(), { pollers: 2, waitSeconds: 7 });
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
  while (pipeline.stats.received < 110 * 10) await new Promise(setImmediate);
  expect(most).toBe(8);
  await vi.waitUntil(() => queue.waiting === 2 && running === 2);
});

test('an answer that is not full ends the count of full ones', async () => {
  start(memory(), { pollers: 1 });
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

test('a stop handles what was received, and receives nothing more', async () => {
  const { groups, store } = memory();
  start({ groups, store }, { lingerMs: 60_000 });
  queue.push(bodies(3));
  await pass(0);
  expect(groups).toEqual([]);
  await pipeline.stop();
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
  await pass(50);
  let stopped = false;
  const stopping = pipeline.stop().then(() => {
    stopped = true;
  });
  await pass(1000);
  expect(stopped).toBe(false);
  release([]);
  await stopping;
  expect(pipeline.stats.deleted).toBe(1);
});

test('a stop while the store fails leaves the group in the queue', async () => {
  start(
    memory(() => {
      throw new Error('full');
    }),
  );
  queue.push([body(1)]);
  await pass(50);
  await pipeline.stop();
  expect([accepted, queue.deletions, pipeline.stats.deleted]).toEqual([[], [], 0]);
});

describe('a store that takes its time', () => {
  let ends: { resolve(): void; reject(error: Error): void }[];
  const groups: string[][] = [];

  function startSlow(): void {
    ends = [];
    groups.length = 0;
    start({
      groups,
      store: (group) => {
        groups.push(group.map(({ body: text }) => text));
        return new Promise((resolve, reject) => ends.push({ resolve: () => resolve([]), reject }));
      },
    });
  }

  test('gets the next group when it has the last one, and nothing is deleted or shown before', async () => {
    startSlow();
    queue.push(bodies(1));
    await pass(55);
    queue.push(bodies(2, 2));
    await pass(500);
    expect([groups, accepted.length, queue.deleted]).toEqual([[bodies(1)], 0, 0]);
    ends[0]!.resolve();
    await pass(55);
    expect([groups, accepted.length, queue.deleted]).toEqual([[bodies(1), bodies(2, 2)], 1, 1]);
    ends[1]!.resolve();
    await pass(55);
    expect([accepted.length, queue.deleted]).toEqual([3, 3]);
  });

  test('that fails gets all that waits, in order, and a stop waits for it', async () => {
    startSlow();
    queue.push(bodies(1));
    await pass(55);
    queue.push(bodies(1, 2));
    await pass(55);
    ends[0]!.reject(new Error('away'));
    await pass(999);
    expect([groups.length, queue.deleted, events]).toEqual([1, 0, [failing('accept', 'away')]]);
    await pass(1);
    expect(groups[1]).toEqual(bodies(2));
    const stopped = pipeline.stop();
    ends[1]!.resolve();
    await pass(55);
    await stopped;
    expect([queue.deleted, events[1]]).toEqual([2, recovered('accept')]);
  });
});
