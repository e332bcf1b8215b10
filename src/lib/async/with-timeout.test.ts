import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withTimeout } from './with-timeout.js';

const late = () => new Error('too late');
const never = new AbortController().signal;
const waiting = (signal: AbortSignal) => sleep(60_000, undefined, { signal });

test('work in time gives its result', async () => {
  expect(await withTimeout({ ms: 60_000, signal: never, late }, async () => 7)).toBe(7);
});

test.each([
  ['a timer', waiting],
  [
    'a look at the signal',
    async (signal: AbortSignal) => {
      for (;;) {
        signal.throwIfAborted();
        await sleep(1);
      }
    },
  ],
])('%s that waits too long is late', async (_, work) => {
  await expect(withTimeout<unknown>({ ms: 20, signal: never, late }, work)).rejects.toThrow('too late');
});

test('what fails by itself keeps its own words, also after the time', async () => {
  const fails = async (signal: AbortSignal) => {
    await waiting(signal).catch(() => {});
    throw new Error('no disk');
  };
  await expect(withTimeout({ ms: 20, signal: never, late }, fails)).rejects.toThrow('no disk');
});

test('ended from outside it is not late', async () => {
  await expect(withTimeout<unknown>({ ms: 60_000, signal: AbortSignal.abort(), late }, waiting)).rejects.toMatchObject({
    name: 'AbortError',
  });
});

test('ended from outside it is not late either where it takes longer than its time to end', async () => {
  const stop = new AbortController();
  const slowToEnd = async (signal: AbortSignal) => {
    stop.abort();
    await sleep(20);
    signal.throwIfAborted();
  };
  await expect(withTimeout({ ms: 1, signal: stop.signal, late }, slowToEnd)).rejects.toMatchObject({
    name: 'AbortError',
  });
});
