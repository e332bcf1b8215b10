import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { withTimeLimit } from './time-limit.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

test('a time limit comes, also when garbage is collected before', async () => {
  const limited = withTimeLimit(new AbortController().signal, 100);
  let aborted = false;
  limited.addEventListener('abort', () => {
    aborted = true;
  });
  for (let i = 0; i < 3; i++) {
    await sleep(10);
    collectGarbage();
  }
  await expect.poll(() => aborted, { timeout: 5000 }).toBe(true);
  expect(limited.reason).toMatchObject({ name: 'TimeoutError' });
});

test('the other signal aborts at once', () => {
  const other = new AbortController();
  const limited = withTimeLimit(other.signal, 60_000);
  other.abort();
  expect(limited.aborted).toBe(true);
});
