/** What is in the queue without a shard, before queues that are made up: who loses one of these loses readings. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import { relayedLine } from '../../protocol/relay.js';
import { shardOf } from '../../protocol/shard.js';
import type { OutgoingMessage, Queue, SendResult } from '../../queue/queue.js';
import { ScriptedQueue } from '../../test/support/scripted-queue.js';
import { partsOf } from '../delivery.js';
import { FailureReporter, type PullerEvent } from '../failure-reporter.js';
import { divideUnsharded } from './unsharded-queue.js';

const HOSTS = ['edge-us-1', 'edge-eu-1', 'Zürich', 'edge-us-4'];
const reading = (hostname: string, values = {}) =>
  JSON.stringify({
    ...{ job_id: 'j', execution_id: `e-${hostname}`, icon_name: '', color: '#ffffff', hostname, sequence: 1 },
    ...{ region: 'eu', timestamp: '2026-01-01T00:00:00Z', job_submission_time: 1, values },
  });

let from: ScriptedQueue;
let events: PullerEvent[];
/** By shard. */
let sent: OutgoingMessage[][];
let batches: number;
let refusal: SendResult | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  from = new ScriptedQueue();
  events = [];
  sent = [[], [], [], []];
  batches = 0;
  refusal = undefined;
});
afterEach(() => {
  vi.useRealTimers();
});

function begin(open: () => Promise<Queue> = async () => from) {
  const queues = sent.map((own) => {
    const queue = new ScriptedQueue();
    queue.send = async (messages) => {
      batches++;
      if (refusal === undefined) own.push(...messages);
      return messages.map(() => refusal ?? { ok: true, id: 'x' });
    };
    return queue;
  });
  const divided = divideUnsharded({ open, queues }, new FailureReporter((event) => events.push(event)));
  divided.start();
  return divided;
}
const pass = (ms = 10) => vi.advanceTimersByTimeAsync(ms);
const shardsOf = (text: string) =>
  sent.flatMap((own, shard) => (own.some(({ body }) => body.includes(text)) ? [shard] : []));

test('each goes to the queue of its shard with its attributes, what is no reading to the first, and is deleted', async () => {
  const divided = begin();
  from.push([...HOSTS.map((host) => reading(host)), 'no JSON', '{"data":1}'], { sensor_config: 'v=0' });
  await pass();
  for (const host of HOSTS) expect(shardsOf(`"${host}"`)).toEqual([shardOf(host, 4)]);
  expect([shardsOf('no JSON'), shardsOf('"data"')]).toEqual([[0], [0]]);
  expect(sent.flat().find(({ body }) => body === '{"data":1}')?.attributes).toEqual({
    sensor_config: 'v=0',
    replay_of: 'm-6',
  });
  expect(from.deletions).toEqual([['r-m-1', 'r-m-2', 'r-m-3', 'r-m-4', 'r-m-5', 'r-m-6']]);
  await divided.stop();
});

test('a packed message goes to the shards of its readings, with what each sensor reported', async () => {
  const divided = begin();
  const lines = HOSTS.map((host) => relayedLine({ text: reading(host), reported: `v=1;of=${host}` }));
  from.push([lines.join('')], { packed: 'readings', relay: 'r' });
  await pass();
  for (const [shard, own] of sent.entries()) {
    const parts = own.flatMap(({ body, attributes = {} }) => partsOf({ id: 'm', body, attributes }));
    const expected = HOSTS.filter((host) => shardOf(host, 4) === shard);
    expect(parts.map(({ body }) => body)).toEqual(expected.map((host) => reading(host)));
    expect(parts.map(({ attributes }) => attributes.sensor_config)).toEqual(expected.map((host) => `v=1;of=${host}`));
  }
  expect(from.deleted).toBe(1);
  await divided.stop();
});

test('what can not be sent stays there, and is said once', async () => {
  refusal = { ok: false, code: 'x', reason: 'full', retryable: true };
  const divided = begin();
  from.push([reading('edge-us-1')]);
  await pass();
  expect([from.deleted, events]).toMatchObject([0, [{ type: 'puller.failing', task: 'divide' }]]);
  refusal = undefined;
  await pass(1_000);
  from.push([reading('edge-us-1')]);
  await pass();
  expect([from.deleted, events.at(-1)]).toEqual([1, { type: 'puller.recovered', task: 'divide' }]);
  await divided.stop();
});

test('more than a batch may have goes one by one', async () => {
  const divided = begin();
  from.push(['a', 'b', 'c'].map((word) => word.repeat(500_000)));
  await pass();
  expect([batches, from.deleted]).toEqual([3, 3]);
  await divided.stop();
});

test('where there is no such queue nobody is told, and it is looked for again', async () => {
  const open = vi.fn(async (): Promise<Queue> => Promise.reject(new AppError('QUEUE_NOT_FOUND', 'none')));
  const divided = begin(open);
  await pass(30_000);
  expect([open.mock.calls.length, events]).toEqual([1, []]);
  open.mockImplementation(async () => from);
  await pass(31_000);
  expect(from.waiting).toBe(1);
  await divided.stop();
});
