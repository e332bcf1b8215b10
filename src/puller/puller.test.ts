import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import type { Queue, ReceivedMessage } from '../queue/queue.js';
import { openSqsQueue } from '../queue/sqs-queue.js';
import { type LoopbackQueueServer, serveOnLoopback } from '../sqs-server/serve-on-loopback.js';
import { Puller, type PullerOptions } from './puller.js';
import type { Delivery, Sink } from './sinks/sink.js';

let served: LoopbackQueueServer;
const opened: Queue[] = [];
const pullers: Puller[] = [];

beforeEach(async () => {
  served = await serveOnLoopback({ path: ':memory:' });
  await call('CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":100}';
  await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '1', RedrivePolicy } });
});

afterEach(async () => {
  await Promise.all(pullers.splice(0).map((puller) => puller.stop()));
  for (const queue of opened.splice(0)) queue.close();
  await served.close();
});

async function call(action: string, input: object) {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await fetch(served.url, { method: 'POST', headers, body: JSON.stringify(input) });
  if (!response.ok) throw new Error(await response.text());
}

async function open(queue = 'q'): Promise<Queue> {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const found = await openSqsQueue({ queue, endpoint: served.url, credentials });
  opened.push(found);
  return found;
}

/** A puller that runs, with what it says and what it passes on. */
function start(queue: Queue, sinks: Sink[], over: Partial<PullerOptions> = {}) {
  const taken: Delivery[] = [];
  const said: string[] = [];
  const options = { queue, sinks, pollers: 2, waitSeconds: 1, onTrouble: (text: string) => said.push(text), ...over };
  const puller = new Puller({ onTaken: (deliveries) => taken.push(...deliveries), ...options });
  pullers.push(puller);
  puller.start();
  return { puller, taken, said };
}

const until = (look: () => unknown) => vi.waitUntil(look, { timeout: 15_000, interval: 10 });

/** A sink that remembers, and does with a group what it is told. */
function memory(accept: Sink['accept'] = (group) => group.map(() => undefined), over: Partial<Sink> = {}) {
  const groups: Delivery[][] = [];
  const sink: Sink = {
    ...{ name: 'memory', required: true, ...over },
    accept(group) {
      groups.push(group);
      return accept(group);
    },
  };
  return { sink, groups, bodies: () => groups.flat().map(({ body }) => body) };
}

const reading = (sequence: number, over: object = {}) =>
  JSON.stringify({ execution_id: 'e-1', sequence, hostname: 'edge-eu-1', region: 'eu', icon_name: '👩🏽‍🚀', ...over });
const REPORT = 'v=5;src=nadfd;file=ok;interval=500;paused=0';

test('readings, other messages and what the sensor reports are handed over exactly as they came, then deleted', async () => {
  const queue = await open();
  const bodies = [reading(1), '{ "data": {"test":"Hello from curl! 🌡️"} }'];
  await queue.send([{ body: bodies[0]!, attributes: { sensor_config: REPORT } }, { body: bodies[1]! }]);
  const { sink, bodies: got } = memory();
  const { puller, taken } = start(queue, [sink]);
  await until(() => puller.stats.deleted === 2);
  expect(got().sort()).toEqual([...bodies].sort());
  const [message, first] = [...taken].sort((a) => (a.reading ? 1 : -1)) as [Delivery, Delivery];
  expect(first).toMatchObject({
    reading: { execution_id: 'e-1', sequence: 1, icon_name: '👩🏽‍🚀', job_id: '', job_submission_time: 0 },
    config: { version: 5, file: 'ok', intervalMs: 500, paused: false },
  });
  expect([message.reading, message.config, message.message]).toEqual([
    undefined,
    undefined,
    { data: { test: 'Hello from curl! 🌡️' } },
  ]);
  expect(await queue.depth()).toMatchObject({ visible: 0, inFlight: 0 });
});

test('nothing is deleted or shown before every required sink has taken it', async () => {
  const queue = await open();
  await queue.send([{ body: reading(1) }, { body: reading(2) }]);
  const first = memory(undefined, { name: 'first' });
  let full = true;
  const store = memory((group) => {
    if (full) throw new Error('the disk is full');
    return group.map(() => undefined);
  });
  const { puller, taken, said } = start(queue, [first.sink, store.sink]);
  await until(() => store.groups.flat().length >= 2);
  expect([puller.stats.deleted, taken]).toEqual([0, []]);
  const { visible, inFlight } = await queue.depth();
  expect(visible + inFlight).toBe(2);
  full = false;
  // They come again when their visibility timeout is over.
  await until(() => puller.stats.deleted >= 2);
  expect(new Set(taken.map(({ reading: r }) => r?.sequence))).toEqual(new Set([1, 2]));
  expect(said).toEqual(["a sink can't take readings: the disk is full", 'readings are taken again']);
});

test('a sink that need not take readings holds nothing up, and what it missed is said', async () => {
  const queue = await open();
  await queue.send([{ body: reading(1) }]);
  const log = memory(() => Promise.reject(new Error('broken pipe')), { name: 'log', required: false });
  const store = memory();
  const { puller, said } = start(queue, [log.sink, store.sink]);
  await until(() => puller.stats.deleted === 1);
  expect(store.bodies()).toEqual([reading(1)]);
  expect(said).toEqual(['the log sink missed readings: broken pipe']);
});

// What nobody can take, and the reason that goes with it.
test.each([
  ['no JSON', 'Hello', 'the body is not JSON'],
  ['half JSON', '{"a":', 'the body is not JSON'],
  ['a JSON string', '"Hello"', 'the body is not a JSON object'],
  ['an array', '[{}]', 'the body is not a JSON object'],
  ['a reading whose colour is an object', reading(7, { color: { r: 1 } }), 'color must be a string'],
  ['a reading whose host is null', reading(7, { hostname: null }), 'hostname must be a string'],
])('%s goes to the dead letters with its reason, and its group is not held up', async (_, body, reason) => {
  const queue = await open();
  const [attributes, store] = [{ sensor_config: REPORT }, memory()];
  await queue.send([{ body: reading(1) }, { body, attributes }, { body: reading(2) }]);
  const { puller } = start(queue, [store.sink]);
  await until(() => puller.stats.deadLettered === 1 && puller.stats.deleted === 3);
  expect(store.bodies().sort()).toEqual([reading(1), reading(2)]);
  expect(await (await open('dead')).receive({ waitSeconds: 0 })).toMatchObject([
    { body, attributes: { ...attributes, dead_letter_reason: reason } },
  ]);
  expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test('what a required sink refuses for ever goes to the dead letters, too, and is not shown', async () => {
  const queue = await open();
  await queue.send([{ body: reading(1) }, { body: reading(2) }]);
  const picky = memory((group) => group.map(({ reading: r }) => (r?.sequence === 2 ? 'no even numbers' : undefined)));
  const { puller, taken } = start(queue, [picky.sink]);
  await until(() => puller.stats.deadLettered === 1 && puller.stats.deleted === 2);
  expect(taken.map(({ body }) => body)).toEqual([reading(1)]);
  expect(await (await open('dead')).receive({ waitSeconds: 0 })).toMatchObject([
    { body: reading(2), attributes: { dead_letter_reason: 'memory: no even numbers' } },
  ]);
});

test('without dead-letter queue such a message stays in the queue, which is said', async () => {
  await call('CreateQueue', { QueueName: 'alone', Attributes: { VisibilityTimeout: '600' } });
  const queue = await open('alone');
  await queue.send([{ body: 'Hello' }, { body: reading(1) }]);
  const { puller, said } = start(queue, [memory().sink]);
  await until(() => said.length > 0 && puller.stats.deleted === 1);
  expect(said).toEqual([expect.stringMatching(/not JSON.*stays in the queue.*no dead-letter queue/)]);
  expect(await queue.depth()).toMatchObject({ inFlight: 1 });
});

test('what was received when it is asked to stop is brought to its end', async () => {
  const queue = await open();
  for (let i = 0; i < 30; i++)
    await queue.send(Array.from({ length: 10 }, (_, n) => ({ body: reading(i * 10 + n + 1) })));
  const slow = memory(async (group) => {
    await sleep(100);
    return group.map(() => undefined);
  });
  const { puller, taken } = start(queue, [slow.sink], { lingerMs: 60_000, pollers: 4 });
  await until(() => puller.stats.received > 0);
  await puller.stop();
  expect(taken.length).toBe(puller.stats.received);
  expect(puller.stats.deleted).toBe(puller.stats.received);
  const { visible, inFlight } = await queue.depth();
  // What was on its way when the polls were ended comes again after its visibility timeout.
  expect(inFlight + visible).toBe(300 - puller.stats.received);
  const before = puller.stats.received;
  await sleep(100);
  expect(puller.stats.received).toBe(before);
});

test('a stop while the sink fails leaves everything in the queue', async () => {
  const queue = await open();
  await queue.send([{ body: reading(1) }]);
  const { sink, groups } = memory(() => Promise.reject(new Error('full')));
  const { puller } = start(queue, [sink]);
  await until(() => groups.length > 0);
  await puller.stop();
  const { visible, inFlight } = await queue.depth();
  expect([puller.stats.deleted, visible + inFlight]).toEqual([0, 1]);
});

test('a sink that fails for longer than the queue has patience makes no dead letters: it gets everything in the end', async () => {
  const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2}';
  await call('CreateQueue', { QueueName: 'short', Attributes: { VisibilityTimeout: '1', RedrivePolicy } });
  const queue = await open('short');
  await queue.send([1, 2, 3].map((n) => ({ body: reading(n) })));
  const until4s = Date.now() + 4_000;
  const { sink } = memory((group) => {
    if (Date.now() < until4s) throw new Error('full');
    return group.map(() => undefined);
  });
  const { taken, said } = start(queue, [sink]);
  const sequences = () => [...new Set(taken.map(({ reading }) => reading?.sequence))].sort();
  await until(() => sequences().length === 3);
  expect(said).toEqual(["a sink can't take readings: full", 'readings are taken again']);
  expect((await (await open('dead')).depth()).visible).toBe(0);
});

test('what is nested too deep for the programs behind is a dead letter with its reason', async () => {
  const queue = await open();
  await queue.send([{ body: `${'{"a":'.repeat(200)}1${'}'.repeat(200)}` }]);
  const { puller, taken } = start(queue, [memory().sink]);
  await until(() => puller.stats.deadLettered === 1);
  expect(taken).toEqual([]);
});

/** A queue that answers from a script, step by step; when it is over, nothing comes any more. */
function scripted(steps: (() => ReceivedMessage[])[], over: Partial<Queue> = {}): Queue {
  return {
    name: 'scripted',
    async receive({ signal }: { signal: AbortSignal }) {
      const step = steps.shift();
      if (step) return step();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
    delete: async () => [],
    ...over,
  } as unknown as Queue;
}

const message = (sequence: number): ReceivedMessage => ({
  ...{ id: String(sequence), body: reading(sequence), attributes: {}, receipt: `r-${sequence}`, receiveCount: 1 },
  sentAt: 0,
});
const fail = (code: string) => () => {
  throw new AppError(code, 'system', `it failed: ${code}`);
};

test('a queue that can’t be reached is asked again; the trouble is said once, and so is its end', async () => {
  const down = fail('QUEUE_UNREACHABLE');
  const { puller, said } = start(
    scripted([down, down, () => [message(1)], down, () => [message(2)]]),
    [memory().sink],
    { pollers: 1 },
  );
  await until(() => puller.stats.deleted === 2);
  expect(said).toEqual([
    ...['it failed: QUEUE_UNREACHABLE', 'the queue answers again'],
    ...['it failed: QUEUE_UNREACHABLE', 'the queue answers again'],
  ]);
  expect(puller.stats).toMatchObject({ failures: 3, lastError: 'it failed: QUEUE_UNREACHABLE' });
});

test.each(['QUEUE_CREDENTIALS', 'QUEUE_DENIED', 'QUEUE_NOT_FOUND'])(
  '%s is not asked about all the time, and a stop does not wait for the pause',
  async (code) => {
    let asked = 0;
    const queue = scripted([], {
      async receive() {
        asked++;
        return fail(code)();
      },
    });
    const { puller, said } = start(queue, [memory().sink], { pollers: 1 });
    await sleep(300);
    expect([asked, said]).toEqual([1, [`it failed: ${code}`]]);
    const began = Date.now();
    await puller.stop();
    expect(Date.now() - began).toBeLessThan(5000);
  },
);

test('deletions that fail are tried again, only those, and a failure is no loss', async () => {
  const asked: string[][] = [];
  const answers = [fail('QUEUE_THROTTLED'), () => ['r-2'], () => []];
  const queue = scripted([() => [message(1), message(2), message(3)]], {
    async delete(receipts) {
      asked.push(receipts);
      return (answers.shift() as () => string[])();
    },
  });
  const { puller, taken, said } = start(queue, [memory().sink], { pollers: 1 });
  await until(() => puller.stats.deleted === 3);
  expect(asked).toEqual([['r-1', 'r-2', 'r-3'], ['r-1', 'r-2', 'r-3'], ['r-2']]);
  expect(taken).toHaveLength(3);
  expect(said).toEqual(['it failed: QUEUE_THROTTLED', 'messages are deleted again']);
});

test('a deletion that fails for good is given up after five tries: the message comes again', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const asked: string[][] = [];
  const queue = scripted([() => [message(1), message(2)]], {
    async delete(receipts) {
      asked.push(receipts);
      return ['r-2'];
    },
  });
  const { puller } = start(queue, [memory().sink], { pollers: 1 });
  await until(() => asked.length === 5);
  // Its end waits for what is still to be deleted.
  await puller.stop();
  expect(asked).toEqual([['r-1', 'r-2'], ['r-2'], ['r-2'], ['r-2'], ['r-2']]);
  vi.restoreAllMocks();
});

test('a group is taken, then shown, then offered to the others, and then deleted', async () => {
  const order: string[] = [];
  const note = (what: string) => async (group: Delivery[]) => {
    order.push(what);
    return group.map(() => undefined);
  };
  const queue = scripted([() => [message(1)]], {
    async delete() {
      order.push('deleted');
      return [];
    },
  });
  const sinks = [memory(note('offered'), { required: false }).sink, memory(note('taken')).sink];
  const { puller } = start(queue, sinks, { pollers: 1, onTaken: () => order.push('shown') });
  await until(() => puller.stats.deleted === 1);
  expect(order).toEqual(['taken', 'shown', 'offered', 'deleted']);
});

test('a stop waits for deletions under way', async () => {
  let release = () => {};
  const asked = new Promise<void>((resolve) => {
    release = resolve;
  });
  let deleting = false;
  const queue = scripted([() => [message(1)]], {
    async delete() {
      deleting = true;
      await asked;
      return [];
    },
  });
  const { puller } = start(queue, [memory().sink], { pollers: 1 });
  await until(() => deleting);
  let stopped = false;
  const stopping = puller.stop().then(() => (stopped = true));
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  expect(stopped).toBe(false);
  release();
  await stopping;
  expect(puller.stats.deleted).toBe(1);
});

test('a dead letter is deleted only when the dead-letter queue has it', async () => {
  const order: string[] = [];
  const broken = { ...message(1), body: 'no JSON' };
  const queue = scripted([() => [broken]], {
    async deadLetter({ id }, reason) {
      order.push(`dead letter ${id}: ${reason}`);
    },
    async delete(receipts) {
      order.push(`deleted ${receipts}`);
      return [];
    },
  });
  const { puller } = start(queue, [memory().sink], { pollers: 1 });
  await until(() => puller.stats.deleted === 1);
  expect(order).toEqual(['dead letter 1: the body is not JSON', 'deleted r-1']);
});

test('a queue that fills is emptied by more polls, four times the usual at most, which end when it has', async () => {
  let fills = true;
  let number = 0;
  let polling = 0;
  let most = 0;
  const waits = new Set<number>();
  const queue = scripted([], {
    async receive({ waitSeconds, signal }) {
      most = Math.max(most, ++polling);
      waits.add(waitSeconds);
      await new Promise(setImmediate);
      if (!fills && waitSeconds > 0) await new Promise((resolve) => signal!.addEventListener('abort', resolve));
      polling--;
      signal!.throwIfAborted();
      return fills ? Array.from({ length: 10 }, () => message(++number)) : [];
    },
  });
  start(queue, [memory().sink], { pollers: 2, waitSeconds: 7 });
  await until(() => most === 8);
  // Ten full answers in a row mean that it fills; fewer were one commit.
  expect(number).toBeGreaterThanOrEqual(10 * 10);
  await until(() => number > 5000);
  expect([most, [...waits].sort()]).toEqual([8, [0, 7]]);
  fills = false;
  await until(() => polling === 2);
});

test('deletions go out in batches of ten', async () => {
  const sizes: number[] = [];
  const batch = (from: number) => () => Array.from({ length: 10 }, (_, i) => message(from + i));
  const queue = scripted([batch(1), batch(11), () => [message(21)]], {
    async delete(receipts) {
      sizes.push(receipts.length);
      return [];
    },
  });
  const { puller } = start(queue, [memory().sink], { pollers: 1, lingerMs: 50 });
  await until(() => puller.stats.deleted === 21);
  expect(sizes).toEqual([10, 10, 1]);
});

test('while the sinks can’t keep up, no more is received than fits', async () => {
  let received = 0;
  const queue = scripted([], {
    async receive() {
      await new Promise(setImmediate);
      received += 10;
      return Array.from({ length: 10 }, (_, i) => message(received + i));
    },
  });
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const { sink } = memory(async (group) => {
    await held;
    return group.map(() => undefined);
  });
  const { puller } = start(queue, [sink], { pollers: 2 });
  await until(() => received > 2000);
  await sleep(200);
  const before = received;
  await sleep(100);
  expect(received).toBe(before);
  expect(received).toBeLessThan(3000);
  release();
  await until(() => received > before);
  await puller.stop();
  expect(puller.stats.deleted).toBe(puller.stats.received);
});

test.each([
  ['through the SDK', { credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }],
  ['unsigned', { unsigned: true }],
])('as many polls as there may be give no warning of a leak: %s', async (_, options) => {
  const warnings: string[] = [];
  const listener = ({ name, message }: Error) => warnings.push(`${name}: ${message}`);
  process.on('warning', listener);
  try {
    const queue = await openSqsQueue({ queue: 'q', endpoint: served.url, ...options });
    opened.push(queue);
    const { puller } = start(queue, [memory().sink], { pollers: 16 });
    await until(() => served.server.stats().queues.find(({ name }) => name === 'q')!.waiting >= 16);
    await puller.stop();
  } finally {
    process.off('warning', listener);
  }
  expect(warnings.filter((warning) => warning.startsWith('MaxListeners'))).toEqual([]);
});
