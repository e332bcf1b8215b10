import { afterEach, expect, test, vi } from 'vitest';
import { answersHttp, waitForHttp } from './http-client.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What the next GETs are answered with: a status, or no answer at all. */
function answers(...statuses: (number | undefined)[]) {
  const fetched = vi.fn(async () => {
    const status = statuses.shift();
    if (status === undefined) throw new TypeError('fetch failed');
    return new Response(null, { status });
  });
  vi.stubGlobal('fetch', fetched);
  return fetched;
}
const forever = new AbortController().signal;

test.each([
  [200, true],
  [204, true],
  [404, false],
  [503, false],
  [undefined, false],
])('an answer of %s counts: %s', async (status, counts) => {
  answers(status);
  expect(await answersHttp('http://x')).toBe(counts);
});

test('it asks again until there is an answer of 2xx', async () => {
  const fetched = answers(undefined, 503, 200, 200);
  await waitForHttp('http://x/ready', forever);
  expect(fetched).toHaveBeenCalledTimes(3);
  expect(fetched).toHaveBeenCalledWith('http://x/ready', expect.anything());
});

test('an abort ends the wait, also before the first look', async () => {
  const fetched = answers();
  const stop = new AbortController();
  const waiting = waitForHttp('http://x', stop.signal);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  fetched.mockClear();
  await expect(waitForHttp('http://x', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  expect(fetched).not.toHaveBeenCalled();
});
