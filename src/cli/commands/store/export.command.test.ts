import { afterEach, expect, test, vi } from 'vitest';
import { Box } from '../../../test/support/box.js';
import { runCli } from '../../../test/support/cli.js';
import { FIRST_AT, StoreOfReadings } from '../../../test/support/store-of-readings.js';

const box = new Box();
const store = new StoreOfReadings();
afterEach(() => {
  vi.useRealTimers();
  store.close();
  box.close();
});

test('an export without an end has what was received while the clock was ahead', async () => {
  store.add(4);
  vi.useFakeTimers({ toFake: ['Date'], now: FIRST_AT + 1_500 });
  const { code, stdout } = await runCli(['export', '-o', 'ndjson', '--store', store.path], box);
  expect([code, stdout.match(/"sequence":\d/g)]).toEqual([0, [1, 2, 3, 4].map((n) => `"sequence":${n}`)]);
});
