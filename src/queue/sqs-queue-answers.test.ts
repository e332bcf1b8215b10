import { beforeEach, expect, test, vi } from 'vitest';
import type { SqsConnection } from './sqs-client.js';
import { toQueueError } from './sqs-errors.js';
import { openSqsQueue } from './sqs-queue.js';

/** What was called, and what each action answers. */
const world = vi.hoisted(() => ({
  calls: [] as [string, object][],
  answers: {} as Record<string, unknown>,
  closed: 0,
}));

vi.mock('./sqs-call.js', () => ({
  openCall: () =>
    Object.assign(
      async (action: string, input: object) => {
        world.calls.push([action, input]);
        const answer = world.answers[action];
        if (answer instanceof Error) throw toQueueError(answer, 'QueueName' in input ? String(input.QueueName) : URL);
        return answer ?? {};
      },
      { close: () => void world.closed++ },
    ),
}));

beforeEach(() => {
  Object.assign(world, { calls: [], answers: {}, closed: 0 });
});

const URL = 'http://127.0.0.1:1/0/q';
const open = (more: Partial<SqsConnection> = {}) => openSqsQueue({ queue: URL, unsigned: true, ...more });
const fails = (name: string) => Object.assign(new Error('because'), { name });
const message = { id: 'i', body: 'x', attributes: {}, receipt: 'r', receiveCount: 1, sentAt: 0 };

test('each message of a batch has its own result', async () => {
  world.answers.SendMessageBatch = {
    Successful: [{ Id: '3', MessageId: 'third' }],
    Failed: [
      { Id: '1', Code: 'InternalError', Message: 'try again', SenderFault: false },
      { Id: '2', Code: 'InvalidMessageContents', SenderFault: true },
      { Id: '5' },
    ],
  };
  const queue = await open();
  expect(await queue.send(['', 'b', 'c', 'd', 'e', 'f'].map((body) => ({ body })))).toEqual([
    { ok: false, code: 'EmptyMessage', reason: 'the body is empty', retryable: false },
    { ok: false, code: 'InternalError', reason: 'try again', retryable: true },
    { ok: false, code: 'InvalidMessageContents', reason: 'InvalidMessageContents', retryable: false },
    { ok: true, id: 'third' },
    { ok: false, code: 'NoAnswer', reason: 'the answer of the queue does not name it', retryable: true },
    { ok: false, code: 'Unknown', reason: 'Unknown', retryable: true },
  ]);
  const entries = ['b', 'c', 'd', 'e', 'f'].map((MessageBody, i) => ({ Id: String(i + 1), MessageBody }));
  expect(world.calls).toEqual([['SendMessageBatch', { QueueUrl: URL, Entries: entries }]]);
});

test('where nothing can be sent nothing is called', async () => {
  const queue = await open();
  expect(await queue.send([{ body: '' }])).toMatchObject([{ ok: false, code: 'EmptyMessage' }]);
  expect(world.calls).toEqual([]);
});

test('ten messages are asked for at a time, with all attributes', async () => {
  const queue = await open();
  expect(await queue.receive({ waitSeconds: 20 })).toEqual([]);
  expect(world.calls).toEqual([
    [
      'ReceiveMessage',
      {
        ...{ QueueUrl: URL, MaxNumberOfMessages: 10, WaitTimeSeconds: 20, MessageAttributeNames: ['All'] },
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp', 'DeadLetterQueueSourceArn'],
      },
    ],
  ]);
});

test('messages are released ten at a time, as SQS takes them', async () => {
  const queue = await open();
  await queue.release(Array.from({ length: 11 }, (_, n) => `r${n}`));
  const entries = world.calls.map(([, input]) => (input as { Entries: object[] }).Entries);
  expect(entries.map(({ length }) => length)).toEqual([10, 1]);
  expect(entries[1]).toEqual([{ Id: '0', ReceiptHandle: 'r10', VisibilityTimeout: 0 }]);
});

test('receipts that could not be deleted are given back', async () => {
  world.answers.DeleteMessageBatch = { Failed: [{ Id: '1' }] };
  const queue = await open();
  expect(await queue.delete(['a', 'b'])).toEqual(['b']);
  world.answers.DeleteMessageBatch = {};
  expect(await queue.delete(['a'])).toEqual([]);
});

test('the depth is that of the queue, and 0 where it says nothing', async () => {
  const queue = await open();
  world.answers.GetQueueAttributes = {
    Attributes: {
      ...{ ApproximateNumberOfMessages: '1', ApproximateNumberOfMessagesNotVisible: '2' },
      ApproximateNumberOfMessagesDelayed: '3',
    },
  };
  expect(await queue.depth()).toEqual({ visible: 1, inFlight: 2, delayed: 3 });
  world.answers.GetQueueAttributes = {};
  expect(await queue.depth()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  world.answers.GetQueueAttributes = fails('AccessDenied');
  await expect(queue.depth()).rejects.toMatchObject({ code: 'QUEUE_DENIED' });
});

test('the dead-letter queue is looked for once, and again after a failure', async () => {
  const queue = await open();
  await expect(queue.deadLetter(message, 'why')).rejects.toMatchObject({
    ...{ code: 'QUEUE_NO_DEAD_LETTER', fault: 'user', hint: expect.stringContaining('RedrivePolicy') },
  });
  world.answers.GetQueueAttributes = {
    Attributes: { RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123:dead"}' },
  };
  world.answers.GetQueueUrl = { QueueUrl: 'http://127.0.0.1:1/0/dead' };
  world.calls = [];
  await queue.deadLetter(message, 'why');
  await queue.deadLetter(message, 'again');
  expect(world.calls.map(([action]) => action)).toEqual([
    ...['GetQueueAttributes', 'GetQueueUrl', 'SendMessage', 'SendMessage'],
  ]);
  expect(world.calls[1]![1]).toEqual({ QueueName: 'dead', QueueOwnerAWSAccountId: '123' });
  expect(world.calls[2]![1]).toMatchObject({
    ...{ QueueUrl: 'http://127.0.0.1:1/0/dead', MessageBody: 'x' },
    MessageAttributes: { dead_letter_reason: { StringValue: 'why' } },
  });
});

test('how many dead letters there are is not known where there is no queue for them, and asked where there is', async () => {
  const queue = await open();
  expect(await queue.deadLetterDepth()).toBeUndefined();
  world.answers.GetQueueAttributes = fails('AccessDenied');
  await expect(queue.deadLetterDepth()).rejects.toMatchObject({ code: 'QUEUE_DENIED' });
});

test.each([
  [9, 'dead_letter_reason', true],
  [10, 'dead_letter_reason', true],
  [10, 'other', false],
  [10, 'replay_of', true],
])('of %i attributes, one of them %s, a replay adds where it comes from: %s', async (count, name, isAdded) => {
  const queue = await open();
  const value = { DataType: 'String', StringValue: 'first' };
  const others = Array.from({ length: count - 1 }, (_, n) => [`a${n}`, value]);
  const rawAttributes = Object.fromEntries([...others, [name, value]]);
  await queue.sendBack({ ...message, rawAttributes, deadLetterReason: undefined, exhausted: false });
  const replayOf = name === 'replay_of' ? value : { DataType: 'String', StringValue: 'i' };
  const { dead_letter_reason: _, ...kept } = rawAttributes;
  const MessageAttributes = { ...kept, ...(isAdded ? { replay_of: replayOf } : {}) };
  expect(world.calls).toEqual([['SendMessage', { QueueUrl: URL, MessageBody: 'x', MessageAttributes }]]);
});

test.each(['{}', '{"deadLetterTargetArn":"dead"}'])(
  'a redrive policy %s names no dead-letter queue',
  async (policy) => {
    world.answers.GetQueueAttributes = { Attributes: { RedrivePolicy: policy } };
    const queue = await open();
    await expect(queue.deadLetter(message, 'why')).rejects.toMatchObject({ code: 'QUEUE_NO_DEAD_LETTER' });
  },
);

test('a queue that can not be opened leaves no connection', async () => {
  world.answers.GetQueueUrl = fails('QueueDoesNotExist');
  const opening = openSqsQueue({ queue: 'q', endpoint: 'http://127.0.0.1:1', unsigned: true });
  await expect(opening).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND', message: 'There is no queue q.' });
  expect(world.closed).toBe(1);
});

test('a blank queue is none', async () => {
  await expect(open({ queue: ' ' })).rejects.toMatchObject({ code: 'QUEUE_NOT_GIVEN', exitCode: 2 });
});

test('close closes the connections', async () => {
  const queue = await open();
  expect(queue.name).toBe(URL);
  queue.close();
  expect(world.closed).toBe(1);
});
