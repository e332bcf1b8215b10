/** What is counted, listed and given back, before a queue that is made up. */
import { expect, test } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import { relayedLine } from '../../protocol/relay.js';
import { packedBody } from '../../queue/packed.js';
import type { AdminQueue, SeenMessage } from '../../queue/queue.js';
import { listDeadLetters, lookThrough, peekQueue, purgeQueue, readQueueStatus } from './inspect-queue.js';

const seen = (id: string, over: Partial<SeenMessage> = {}): SeenMessage => ({
  ...{ id, body: '{}', attributes: {}, receipt: id, receiveCount: 1, sentAt: 0 },
  ...{ deadLetterReason: undefined, exhausted: false, rawAttributes: undefined },
  ...over,
});

/** A queue whose looks give these messages, one list after the other. */
function queueOf(looks: SeenMessage[][], over: Partial<AdminQueue> = {}) {
  const released: string[] = [];
  const queue = {
    name: 'http://queue/dead',
    depth: async () => ({ visible: 4, inFlight: 2, delayed: 1 }),
    oldestAge: async () => undefined,
    look: async () => looks.shift() ?? [],
    release: async (receipts: string[]) => void released.push(...receipts),
    deadLetters: async () => queue,
    purge: async () => {},
    ...over,
  } as unknown as AdminQueue;
  return { queue, released };
}

test('dead letters are listed with the oldest first, whatever the order in which the queue gives them', async () => {
  const { queue } = queueOf([[seen('b', { sentAt: 2 }), seen('c', { sentAt: 3 })], [seen('a', { sentAt: 1 })]]);
  expect((await listDeadLetters(queue, 10)).deadLetters.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});

test.each<[string, object]>([
  ['{"region":"eu","hostname":"h"}', { region: 'eu', hostname: 'h' }],
  ['{"region":5,"hostname":null}', {}],
  ['null', {}],
  ['no JSON', {}],
])('the sensor of a dead letter is told where the body %s tells it', async (body, sender) => {
  const { deadLetters } = await listDeadLetters(queueOf([[seen('a', { body })]]).queue, 10);
  expect(deadLetters).toEqual([{ id: 'a', exhausted: false, sentAt: 0, body, ...sender }]);
});

test('a message that comes again ends the look, is given out once, and is released once with its newest receipt', async () => {
  const again = seen('a', { receiptHandle: 'newer' } as object);
  const { queue, released } = queueOf([[seen('a'), seen('b')], [again, seen('c')], [again]]);
  const given: string[][] = [];
  for await (const messages of lookThrough(queue, { limit: 10, hideSeconds: 5 }))
    given.push(messages.map(({ id }) => id));
  expect([given, released.sort()]).toEqual([
    [['a', 'b'], ['c']],
    ['a', 'b', 'c'],
  ]);
});

test('whoever purges is told of all messages: those that wait, in flight and delayed', async () => {
  const asked: unknown[] = [];
  const confirm = async (...question: unknown[]) => asked.push(question) > 0;
  const { queue: dead } = queueOf([], { depth: async () => ({ visible: 1, inFlight: 0, delayed: 0 }) });
  const { queue } = queueOf([], { name: 'http://queue/main', deadLetters: async () => dead });
  const results = [false, true].map((deadLetters) => purgeQueue(queue, { deadLetters, confirm }));
  expect(await Promise.all(results)).toEqual([
    { url: 'http://queue/main', messages: 7, purged: true },
    { url: 'http://queue/dead', messages: 1, purged: true },
  ]);
  expect(asked.sort()).toEqual([
    ['http://queue/dead', 1],
    ['http://queue/main', 7],
  ]);
});

test('the status has the age of the oldest message only where the server tells it', async () => {
  expect((await readQueueStatus(queueOf([]).queue)).oldestAgeMs).toBeUndefined();
  expect(await readQueueStatus(queueOf([], { oldestAge: async () => 0 }).queue)).toMatchObject({ oldestAgeMs: 0 });
});

test.each([
  ['no dead-letter queue is no failure', new AppError('QUEUE_NO_DEAD_LETTER', 'it has none'), false],
  ['another failure is one', new AppError('QUEUE_DENIED', 'not allowed'), true],
  ['a bug is one', new TypeError('x is not a function'), true],
])('of a status: %s', async (_, error, fails) => {
  const status = readQueueStatus(queueOf([], { deadLetters: () => Promise.reject(error) }).queue);
  if (fails) await expect(status).rejects.toBe(error);
  else expect(await status).not.toHaveProperty('deadLetters');
});

test('a packed message is shown as its readings, each with what its sensor reported; the limit is one of messages', async () => {
  const texts = Array.from({ length: 50 }, (_, i) => JSON.stringify({ execution_id: 'e', sequence: i + 1 }));
  const { encoding, body } = packedBody(texts.map((text) => relayedLine({ text, reported: 'v=1' })).join(''));
  const { queue, released } = queueOf([[seen('p', { body, attributes: { packed: encoding } })]]);
  const { messages } = await peekQueue(queue, 1);
  expect(messages.map((message) => message.body)).toEqual(texts);
  expect(messages[49]).toMatchObject({ id: 'p/49', packed: 50, attributes: { sensor_config: 'v=1' } });
  expect(released).toEqual(['p']);
});
