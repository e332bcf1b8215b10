import { expect, test, vi } from 'vitest';
import { LongPolls, type Poll } from './long-polls.js';
import type { StoredMessage } from './store/message.js';

const message = (body: string) => ({ body }) as StoredMessage;
const never = new AbortController().signal;

test('receivers are served in the order in which they came, each as many as it wants', async () => {
  const polls = new LongPolls();
  const first = polls.wait(2, 100, 60_000, never);
  const second = polls.wait(1, 200, 60_000, never);
  const left = ['a', 'b', 'c'].map(message);
  const asked: Partial<Poll>[] = [];
  polls.serve((poll) => {
    asked.push({ max: poll.max, visibilityMs: poll.visibilityMs });
    return left.splice(0, poll.max);
  });
  expect(asked).toEqual([
    { max: 2, visibilityMs: 100 },
    { max: 1, visibilityMs: 200 },
  ]);
  expect([await first, await second, polls.size]).toEqual([['a', 'b'].map(message), [message('c')], 0]);
});

test('where there is nothing for the first, the others are not asked', () => {
  const polls = new LongPolls();
  for (let i = 0; i < 3; i++) void polls.wait(1, 0, 60_000, never);
  const take = vi.fn(() => []);
  polls.serve(take);
  expect([take.mock.calls.length, polls.size]).toEqual([1, 3]);
  polls.end();
  expect(polls.size).toBe(0);
});

test('a receiver whose time is over, whose client has gone, or had gone before, gets nothing and takes nothing', async () => {
  vi.useFakeTimers();
  try {
    const polls = new LongPolls();
    const client = new AbortController();
    const answers = [
      polls.wait(1, 0, 1000, undefined),
      polls.wait(1, 0, 60_000, client.signal),
      polls.wait(1, 0, 60_000, AbortSignal.abort()),
    ];
    expect(polls.size).toBe(2);
    vi.advanceTimersByTime(999);
    expect(polls.size).toBe(2);
    vi.advanceTimersByTime(1);
    expect(polls.size).toBe(1);
    client.abort();
    expect(await Promise.all(answers)).toEqual([[], [], []]);
    // Nothing of them stays behind.
    expect([polls.size, vi.getTimerCount()]).toEqual([0, 0]);
  } finally {
    vi.useRealTimers();
  }
});

test('a client’s signal, which may live on, forgets receivers that have their answer', async () => {
  const signal = new AbortController().signal;
  const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
  const polls = new LongPolls();
  const waiting = polls.wait(1, 0, 60_000, signal);
  polls.serve(() => [message('a')]);
  await waiting;
  expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(add.mock.calls.map(([, listener]) => listener));
});
