import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { callSqs, urlOf } from '../../test/support/sqs-caller.js';
import { HELD_CLOCK } from '../../test/support/test-clock.js';
import { createQueueServer, type QueueServer } from '../sqs-server.js';

let folder: string;
let server: QueueServer;
const QueueUrl = urlOf('q');

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_750_000_000_000 });
  folder = mkdtempSync(join(tmpdir(), 'receipts-'));
  open();
  await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '600' } });
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
  vi.useRealTimers();
});

function open(): void {
  server = createQueueServer({ path: join(folder, 'queue.db'), clock: HELD_CLOCK });
}

const call = (action: string, input: object = {}) => callSqs(server, action, input);

/** Sends a message and receives it; gives its receipt. */
async function deliver(MessageBody: string, to = QueueUrl): Promise<string> {
  await call('SendMessage', { QueueUrl: to, MessageBody });
  return (await call('ReceiveMessage', { QueueUrl: to })).Messages[0].ReceiptHandle;
}
const remove = (ReceiptHandle: string, from = QueueUrl) => call('DeleteMessage', { QueueUrl: from, ReceiptHandle });
const counts = (of = 'q') => server.stats().queues.find(({ name }) => name === of);

test('after a restart a receipt of a message that is gone is no receipt of a new one', async () => {
  const old = await deliver('first');
  await remove(old);
  server.close();
  vi.setSystemTime(Date.now() + 1);
  open();
  const fresh = await deliver('second');
  expect(fresh).not.toBe(old);
  await remove(old);
  expect(counts()).toMatchObject({ inFlight: 1 });
  const input = { QueueUrl, ReceiptHandle: old, VisibilityTimeout: 0 };
  expect((await call('ChangeMessageVisibility', input)).__type).toContain('InvalidParameterValue');
  await remove(fresh);
  expect(counts()).toMatchObject({ visible: 0, inFlight: 0 });
});

test('messages of one moment have receipts of their own, also when the clock has gone back', async () => {
  const first = await deliver('a');
  vi.setSystemTime(Date.now() - 60_000);
  const receipts = [first, await deliver('b'), await deliver('c')];
  expect(new Set(receipts).size).toBe(3);
  await remove(receipts[1]!);
  expect(counts()).toMatchObject({ inFlight: 2 });
});

test('a receipt is good in its own queue only', async () => {
  const receipt = await deliver('x');
  await call('CreateQueue', { QueueName: 'other' });
  await deliver('y', urlOf('other'));
  expect((await remove(receipt, urlOf('other'))).__type).toContain('ReceiptHandleIsInvalid');
  expect([counts()?.inFlight, counts('other')?.inFlight]).toEqual([1, 1]);
});

test('a receipt of a deleted queue is none of the next queue of that name', async () => {
  const old = await deliver('x');
  await call('DeleteQueue', { QueueUrl });
  await call('CreateQueue', { QueueName: 'q' });
  await deliver('y');
  expect((await remove(old)).__type).toContain('ReceiptHandleIsInvalid');
  expect(counts()).toMatchObject({ inFlight: 1 });
});

test('any receipt of a message changes its visibility, as with Amazon SQS', async () => {
  const old = await deliver('x');
  vi.setSystemTime(Date.now() + 600_000);
  const [message] = (await call('ReceiveMessage', { QueueUrl })).Messages;
  expect(message.ReceiptHandle).not.toBe(old);
  const change = (ReceiptHandle: string) =>
    call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
  for (const receipt of [old, message.ReceiptHandle]) {
    expect(await call('ReceiveMessage', { QueueUrl })).toEqual({});
    expect(await change(receipt)).toEqual({});
    vi.setSystemTime(Date.now() + 20);
    expect((await call('ReceiveMessage', { QueueUrl })).Messages).toHaveLength(1);
  }
});

test.each(['', 'x', '1.2.3', '1.2.3.x', '1.2.3.00000000-0000-0000-0000-000000000000x'])(
  '%j is no receipt',
  async (receipt) => {
    expect((await remove(receipt)).__type).toMatch(/ReceiptHandleIsInvalid|MissingParameter/);
  },
);
