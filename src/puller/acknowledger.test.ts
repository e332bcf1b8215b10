import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ReceivedMessage } from '../queue/queue.js';
import { ScriptedQueue } from '../test/support/scripted-queue.js';
import { createAcknowledger } from './acknowledger.js';
import type { Rejection } from './delivery.js';
import { FailureReporter, type PullerEvent } from './failure-reporter.js';

let queue: ScriptedQueue;
let events: PullerEvent[];
let acknowledger: ReturnType<typeof createAcknowledger>;

beforeEach(() => {
  vi.useFakeTimers();
  // Pauses are half of their longest time.
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  queue = new ScriptedQueue();
  events = [];
  acknowledger = createAcknowledger(queue, new FailureReporter((event) => events.push(event)), (event) =>
    events.push(event),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const message = (n: number): ReceivedMessage => ({
  ...{ id: `m-${n}`, body: '', attributes: {}, receipt: `r-${n}`, receiveCount: 1, sentAt: 0 },
});
const messages = (count: number) => Array.from({ length: count }, (_, i) => message(i + 1));

const NOT_JSON: Rejection = { code: 'NOT_JSON', reason: 'not JSON' };

/** Scripts the answers of delete; records what it is asked and when. */
function scriptDelete(...answers: (string[] | Error)[]): { at: number; receipts: string[] }[] {
  const began = Date.now();
  const calls: { at: number; receipts: string[] }[] = [];
  queue.delete = async (receipts) => {
    calls.push({ at: Date.now() - began, receipts });
    const answer = answers.shift() ?? [];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return calls;
}

test('deletions go out in batches of ten', async () => {
  acknowledger.delete(messages(21));
  await acknowledger.finish();
  expect(queue.deletions.map((receipts) => receipts.length)).toEqual([10, 10, 1]);
  expect(queue.deletions[1]?.[0]).toBe('r-11');
  expect([acknowledger.counts.deleted, events]).toEqual([21, []]);
});

test('a failed deletion is repeated after a growing pause, and only for what is left', async () => {
  const calls = scriptDelete(new Error('throttled'), ['r-2'], []);
  acknowledger.delete(messages(3));
  await vi.advanceTimersByTimeAsync(49);
  expect(calls).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(101);
  expect(calls).toEqual([
    { at: 0, receipts: ['r-1', 'r-2', 'r-3'] },
    { at: 50, receipts: ['r-1', 'r-2', 'r-3'] },
    { at: 150, receipts: ['r-2'] },
  ]);
  expect(acknowledger.counts.deleted).toBe(3);
  expect(events).toEqual([
    { type: 'puller.failing', task: 'delete', message: 'throttled' },
    { type: 'puller.recovered', task: 'delete' },
  ]);
});

test('a deletion is given up after five attempts; pauses grow to a second at most on average', async () => {
  const calls = scriptDelete(['r-2'], ['r-2'], ['r-2'], ['r-2'], ['r-2']);
  acknowledger.delete(messages(2));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls.map(({ at }) => at)).toEqual([0, 50, 150, 350, 750]);
  expect(acknowledger.counts.deleted).toBe(1);
  await acknowledger.finish();
});

test('a dead letter is deleted only after the dead-letter queue has it', async () => {
  const order: string[] = [];
  queue.deadLetter = async ({ id }, reason) => {
    order.push(`${id}: ${reason}`);
    return 'd-1';
  };
  queue.delete = async ([receipt]) => {
    order.push(`delete ${receipt}`);
    return [];
  };
  acknowledger.deadLetter(message(1), [{ ...NOT_JSON, message: message(1) }]);
  await acknowledger.finish();
  expect(order).toEqual(['m-1: not JSON', 'delete r-1']);
  expect([acknowledger.counts.deadLettered, acknowledger.counts.deleted]).toEqual([1, 1]);
});

test('a message that the dead-letter queue does not accept stays in the queue', async () => {
  queue.deadLetter = () => Promise.reject(new Error('there is none'));
  acknowledger.deadLetter(message(1), [{ ...NOT_JSON, message: message(1) }]);
  await acknowledger.finish();
  expect([acknowledger.counts.deadLettered, queue.deletions]).toEqual([0, []]);
  queue.deadLetter = async () => 'd-2';
  acknowledger.deadLetter(message(2), [{ ...NOT_JSON, message: message(2) }]);
  await acknowledger.finish();
  expect(events).toEqual([
    { type: 'puller.failing', task: 'dead-letter', message: 'there is none (rejected message: not JSON)' },
    { type: 'puller.recovered', task: 'dead-letter' },
    { type: 'puller.dead-letters', ...NOT_JSON, count: 1, id: 'd-2' },
  ]);
});

test('it has finished only when every deletion is over', async () => {
  let release = (_: string[]) => {};
  queue.delete = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  acknowledger.delete(messages(1));
  let finished = false;
  const finishing = acknowledger.finish().then(() => {
    finished = true;
  });
  await vi.advanceTimersByTimeAsync(1000);
  expect(finished).toBe(false);
  release([]);
  await finishing;
  expect(acknowledger.counts.deleted).toBe(1);
});
