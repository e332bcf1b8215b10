/** Short runs of `npm run torture` with fixed seeds: most kinds of faults once, and orders of kills. */
import { expect, test } from 'vitest';
import { rangesOf } from '../torture/checker.js';
import { type TortureOptions, torture } from '../torture/torture.js';

test.each<[string, Pick<TortureOptions, 'seed' | 'length'>, number]>([
  [
    '14 s of faults: every acknowledged reading is in the store, the fleet has no gaps',
    { seed: 7, length: { seconds: 14 } },
    70,
  ],
  ['orders of kills, readings sent in between only: the same', { seed: 8777, length: { orders: 4 } }, 100],
])('%s, and no deleted file stays open', { timeout: 600_000 }, async (_, options, least) => {
  const faults: string[] = [];
  const log = (text: string) => faults.push(text);
  const { acknowledged, missing, wrong, problems, deletedFiles } = await torture({
    ...options,
    network: 'embedded',
    log,
  });
  const found = { missing: rangesOf(missing), wrong, problems, deletedFiles };
  expect(found, faults.join('\n')).toEqual({ missing: [], wrong: [], problems: [], deletedFiles: [] });
  expect(acknowledged).toBeGreaterThan(least);
});
