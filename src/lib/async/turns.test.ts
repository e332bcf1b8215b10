import { expect, onTestFinished, test, vi } from 'vitest';
import { Turns } from './turns.js';

const here = new AbortController().signal;

test('one piece of work is done after the other, also after one that fails', async () => {
  const turns = new Turns();
  const done: number[] = [];
  const work = (n: number) => async () => {
    done.push(n);
    await new Promise(setImmediate);
    done.push(n);
    if (n === 1) throw new Error('broken');
    return n;
  };
  const answers = await Promise.allSettled([1, 2, 3].map((n) => turns.run(here, work(n))));
  expect(done).toEqual([1, 1, 2, 2, 3, 3]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
});

test('who has left costs no work, and who comes when fifty wait is refused', async () => {
  const turns = new Turns();
  const worked: number[] = [];
  const ask = (n: number, gone = here) => turns.run(gone, () => worked.push(n));
  const asked = Array.from({ length: 50 }, (_, n) => ask(n, n === 7 ? AbortSignal.abort() : here));
  await expect(ask(50)).rejects.toMatchObject({ code: 'TOO_MANY_READERS' });
  expect((await Promise.all(asked))[7]).toBeUndefined();
  expect(worked).toHaveLength(49);
  await ask(51);
  expect(worked.at(-1)).toBe(51);
});

test('others have as much time as the work took, before the next piece', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const turns = new Turns();
  const begun: number[] = [];
  const work = () => {
    begun.push(performance.now());
    vi.advanceTimersByTime(100);
  };
  const from = performance.now();
  const both = Promise.all([turns.run(here, work), turns.run(here, work)]);
  await vi.advanceTimersByTimeAsync(99);
  expect(begun.map((at) => at - from)).toEqual([0]);
  await vi.advanceTimersByTimeAsync(1);
  expect(begun.map((at) => at - from)).toEqual([0, 200]);
  await both;
});
