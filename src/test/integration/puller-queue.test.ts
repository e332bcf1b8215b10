/** The puller before the queue server: over HTTP, with redelivery and dead letters. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Delivery } from '../../puller/delivery.js';
import { FailureReporter, type PullerEvent } from '../../puller/failure-reporter.js';
import { Pipeline, type PipelineOptions } from '../../puller/pipeline.js';
import type { Queue } from '../../queue/queue.js';
import { openSqsQueue } from '../../queue/sqs-queue.js';
import { type LoopbackQueueServer, serveOnLoopback } from '../support/serve-on-loopback.js';

let served: LoopbackQueueServer;
const opened: Queue[] = [];
const pullers: Pipeline[] = [];

beforeEach(async () => {
  served = await serveOnLoopback({ path: ':memory:' });
  await call('CreateQueue', { QueueName: 'dead' });
  const RedrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2}';
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

function start(queue: Queue, store: () => void = () => {}, polling: Partial<PipelineOptions> = {}) {
  const accepted: Delivery[] = [];
  const events: PullerEvent[] = [];
  const onEvent = (event: PullerEvent) => void events.push(event);
  const puller = new Pipeline({
    queue,
    store() {
      store();
      return [];
    },
    onStored: (deliveries) => accepted.push(...deliveries),
    onEvent,
    failures: new FailureReporter(onEvent),
    pollers: 2,
    waitSeconds: 1,
    ...polling,
  });
  pullers.push(puller);
  puller.start();
  return { puller, accepted, events };
}

const until = (look: () => unknown) => vi.waitUntil(look, { timeout: 15_000, interval: 10 });
const reading = (sequence: number) =>
  JSON.stringify({ execution_id: 'e-1', sequence, hostname: 'edge-eu-1', region: 'eu', icon_name: '👩🏽‍🚀' });
const REPORT = 'v=5;src=nadfd;file=ok;interval=500;paused=0';

test('messages arrive as they were sent and are deleted; what cannot be accepted is a dead letter with its reason', async () => {
  const queue = await open();
  const attributes = { sensor_config: REPORT };
  const hello = '{ "data": {"test":"Hello from curl! 🌡️"} }';
  await queue.send([{ body: reading(1), attributes }, { body: hello }, { body: 'no JSON', attributes }]);
  const { puller, accepted } = start(queue);
  await until(() => puller.stats.deleted === 3);
  const [first, second] = accepted.sort((a) => (a.reading ? -1 : 1));
  expect(first).toMatchObject({ body: reading(1), reading: { sequence: 1 }, config: { version: 5 } });
  expect(second).toMatchObject({ body: hello, reading: undefined });
  expect(await (await open('dead')).receive({ waitSeconds: 0 })).toMatchObject([
    { body: 'no JSON', attributes: { ...attributes, dead_letter_reason: 'the body is not JSON' } },
  ]);
  expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a store that fails longer than messages stay invisible gets all of them in the end, and no dead letters', async () => {
  const queue = await open();
  await queue.send([1, 2, 3].map((n) => ({ body: reading(n) })));
  const fullUntil = Date.now() + 4_000;
  const { accepted, events } = start(queue, () => {
    if (Date.now() < fullUntil) throw new Error('full');
  });
  const sequences = () => [...new Set(accepted.map(({ reading: r }) => r?.sequence))].sort();
  await until(() => sequences().length === 3);
  expect(events.map(({ type }) => type)).toEqual(['puller.failing', 'puller.recovered']);
  expect((await (await open('dead')).depth()).visible).toBe(0);
});

test('without a dead-letter queue such a message stays in the queue, which is reported', async () => {
  await call('CreateQueue', { QueueName: 'alone', Attributes: { VisibilityTimeout: '600' } });
  const queue = await open('alone');
  await queue.send([{ body: 'Hello' }, { body: reading(1) }]);
  const { puller, events } = start(queue);
  await until(() => events.length > 0 && puller.stats.deleted === 1);
  expect(events).toEqual([
    { type: 'puller.failing', task: 'dead-letter', message: expect.stringMatching(/no dead-letter queue/) },
  ]);
  expect(await queue.depth()).toMatchObject({ inFlight: 1 });
});

test.each([
  ['through the SDK', { credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }],
  ['unsigned', { unsigned: true }],
])('the largest number of polls gives no warning of a listener leak: %s', async (_, options) => {
  const warnings: string[] = [];
  const listener = ({ name, message }: Error) => warnings.push(`${name}: ${message}`);
  process.on('warning', listener);
  try {
    const queue = await openSqsQueue({ queue: 'q', endpoint: served.url, ...options });
    opened.push(queue);
    const { puller } = start(queue, undefined, { pollers: 16 });
    await until(() => served.server.stats().queues.find(({ name }) => name === 'q')!.waiting >= 16);
    await puller.stop();
  } finally {
    process.off('warning', listener);
  }
  expect(warnings.filter((warning) => warning.startsWith('MaxListeners'))).toEqual([]);
});
