import { afterEach, expect, test, vi } from 'vitest';
import { jittered, waitFor } from './backoff.js';

afterEach(() => {
  vi.restoreAllMocks();
});

test('the bound of a pause doubles with each try, up to the longest; any time below it may come', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  expect([0, 1, 2, 3, 4, 50, 2000].map((attempt) => jittered(attempt, 100, 1000))).toEqual([
    50, 100, 200, 400, 500, 500, 500,
  ]);
  vi.spyOn(Math, 'random').mockReturnValue(0);
  expect(jittered(5, 100, 1000)).toBe(0);
});

test('waiting ends with what was found, with nothing after the timeout, or with an abort', async () => {
  let looks = 0;
  expect(await waitFor(() => (++looks === 3 ? 'found' : undefined), { timeoutMs: 10_000, everyMs: 1 })).toBe('found');
  expect(looks).toBe(3);
  expect(await waitFor(() => undefined, { timeoutMs: 20, everyMs: 1 })).toBeUndefined();
  // The time may be over before the first look; one look is always taken.
  expect(await waitFor(async () => 0, { timeoutMs: 0 })).toBe(0);
  const stop = new AbortController();
  const waiting = waitFor(() => undefined, { timeoutMs: 10_000, signal: stop.signal });
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  await expect(waitFor(() => 'found', { timeoutMs: 10_000, signal: stop.signal })).rejects.toBe(stop.signal.reason);
});
