import { expect, test } from 'vitest';
import { runCleanups } from './run-cleanups.js';

test('all steps run even if one fails, and the first failure is reported', async () => {
  const taken: string[] = [];
  const steps = [
    () => taken.push('one'),
    async () => {
      throw new Error('first');
    },
    () => {
      throw new Error('second');
    },
    async () => taken.push('four'),
  ];
  await expect(runCleanups(steps)).rejects.toThrow('first');
  expect(taken).toEqual(['one', 'four']);
  await runCleanups([() => taken.push('five')]);
  expect(taken).toEqual(['one', 'four', 'five']);
});
