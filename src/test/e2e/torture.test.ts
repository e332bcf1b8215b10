/** A short run of `npm run torture` with a fixed seed: most kinds of faults once. */
import { expect, test } from 'vitest';
import { torture } from '../torture/torture.js';

test('20 s of faults: every acknowledged reading is in the store, and the fleet has no gaps', async () => {
  const faults: string[] = [];
  const { acknowledged, missing, wrong, problems } = await torture({
    ...{ seed: 7, length: { seconds: 20 }, network: 'embedded' },
    log: (text) => faults.push(text),
  });
  expect({ missing, wrong, problems }, faults.join('\n')).toEqual({ missing: [], wrong: [], problems: [] });
  expect(acknowledged).toBeGreaterThan(100);
}, 600_000);
