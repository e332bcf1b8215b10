import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchForHang } from './hang-watch.js';

let hung: number;
let asked: number;
let answer: () => void;
let end: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  hung = asked = 0;
  const ask = () => {
    asked++;
    return new Promise<void>((resolve) => {
      answer = resolve;
    });
  };
  watch(ask, 10_000);
});
afterEach(() => {
  end.abort();
  vi.useRealTimers();
});

function watch(ask: () => Promise<unknown>, hungAfterMs: number, isBusy = () => false): void {
  end = new AbortController();
  watchForHang({ ask, hungAfterMs, isBusy, onHung: () => hung++ }, end.signal);
}

test('10 s without an answer are a hang, reported once; less is not', async () => {
  await vi.advanceTimersByTimeAsync(2000 + 9000);
  expect([asked, hung]).toEqual([1, 0]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(hung).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked, hung]).toEqual([1, 1]);
});

test('a process that is busy for 9 s at a time, again and again, is left alone', async () => {
  await vi.advanceTimersByTimeAsync(2000);
  for (let round = 1; round <= 5; round++) {
    expect(asked).toBe(round);
    await vi.advanceTimersByTimeAsync(9000);
    answer();
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(hung).toBe(0);
});

test('while the watching process was away, nobody could be heard: the other gets its whole time again', async () => {
  await vi.advanceTimersByTimeAsync(2000 + 8000);
  // Its timers stood still for a minute, as after SIGSTOP.
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
  await vi.advanceTimersByTimeAsync(2000);
  vi.mocked(performance.now).mockRestore();
  expect(hung).toBe(0);
  answer();
  await vi.advanceTimersByTimeAsync(4000);
  expect([asked, hung]).toEqual([2, 0]);
});

test('what fails was not silent, such as a question that could not be asked', async () => {
  end.abort();
  watch(async () => {
    throw new Error('too many open files');
  }, 4000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(hung).toBe(0);
});

test('one that said it would be silent is left alone until that is over', async () => {
  end.abort();
  let busy = true;
  const never = () => new Promise(() => {});
  watch(never, 4000, () => busy);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(hung).toBe(0);
  busy = false;
  await vi.advanceTimersByTimeAsync(4000);
  expect(hung).toBe(1);
});
