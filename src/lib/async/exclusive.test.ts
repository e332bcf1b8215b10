import { expect, test } from 'vitest';
import { Exclusive } from './exclusive.js';

test('work that needs no time is done at once, and its error is thrown', () => {
  const one = new Exclusive();
  expect(one.run(() => 1)).toBe(1);
  expect(() =>
    one.run(() => {
      throw new Error('no');
    }),
  ).toThrow('no');
});

test('work waits for the work before, also where that fails, and the order is kept', async () => {
  const one = new Exclusive();
  const order: string[] = [];
  let fail: (error: Error) => void = () => {};
  const first = one.run(() => new Promise<void>((_, reject) => (fail = reject)));
  const second = one.run(() => void order.push('second'));
  const third = one.run(async () => void order.push('third'));
  await Promise.resolve();
  expect(order).toEqual([]);
  fail(new Error('first'));
  await expect(first).rejects.toThrow('first');
  await Promise.all([second, third]);
  expect([order, one.run(() => 'free')]).toEqual([['second', 'third'], 'free']);
});
